package dev.sluice.engine.source;

import java.nio.file.Path;

/**
 * How a backup is read.
 *
 * @param chain put the archives of a shard together that several runs left, oldest first, as increments of influxd want
 *     it; else the newest run that has the shard counts
 * @param skipErrors a file that is missing or has another size than it should is no reason to refuse the whole
 *     directory: the shard fails when it is read
 * @param allowIncomplete of a stream that is cut short or damaged, what had arrived whole is welcome
 * @param everyByte read a stream that was kept as a file from its start, also what belongs to no shard
 * @param indexFirst a check follows: where a file can be read at any place and is not compressed, the index of a TSM
 *     file is read before its bytes
 * @param scratch where files are made of a stopped server's write-ahead logs
 */
public record ReadOptions(
        boolean chain,
        boolean skipErrors,
        boolean allowIncomplete,
        boolean everyByte,
        boolean indexFirst,
        Path scratch) {

    /** The usual place for what is needed for a while. */
    public static final Path SCRATCH = Path.of(System.getProperty("java.io.tmpdir"));

    /** What is needed is enough. */
    public ReadOptions(boolean chain, boolean skipErrors, boolean allowIncomplete, Path scratch) {
        this(chain, skipErrors, allowIncomplete, false, false, scratch);
    }

    /** The same, with {@link #indexFirst} as it is given. */
    public ReadOptions indexFirst(boolean wanted) {
        return new ReadOptions(chain, skipErrors, allowIncomplete, everyByte, wanted, scratch);
    }

    /** With scratch in its usual place. */
    public ReadOptions(boolean chain, boolean skipErrors, boolean allowIncomplete) {
        this(chain, skipErrors, allowIncomplete, SCRATCH);
    }

    /** Of a stream nothing but all of it is welcome. */
    public ReadOptions(boolean chain, boolean skipErrors) {
        this(chain, skipErrors, false);
    }

    /** The newest archives, all of them there. */
    public static final ReadOptions STRICT = new ReadOptions(false, false, false);
}
