package dev.sluice.engine.source;

/**
 * How a backup is read.
 *
 * @param chain put the archives of a shard together that several runs left, oldest first, as increments of influxd want
 *     it; else the newest run that has the shard counts
 * @param skipErrors a file that is missing or has another size than it should is no reason to refuse the whole
 *     directory: the shard fails when it is read
 * @param allowIncomplete of a stream that is cut short or damaged, what had arrived whole is welcome
 */
public record ReadOptions(boolean chain, boolean skipErrors, boolean allowIncomplete) {

    /** Of a stream nothing but all of it is welcome. */
    public ReadOptions(boolean chain, boolean skipErrors) {
        this(chain, skipErrors, false);
    }

    /** The newest archives, all of them there. */
    public static final ReadOptions STRICT = new ReadOptions(false, false, false);
}
