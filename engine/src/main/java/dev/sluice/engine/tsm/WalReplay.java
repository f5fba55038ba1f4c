package dev.sluice.engine.tsm;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes TSM of a stopped server's WAL, so that what was acknowledged is not left behind: what influxd would write on
 * its next snapshot, sorted, deletes applied, one value for a time.
 *
 * <p>The WAL of a shard wins over all its TSM files, so a file made of it needs a generation above theirs. Blocking.
 */
public final class WalReplay {

    /**
     * Bytes for values held at a time, unless told otherwise. A part of the heap, as several shards are replayed side by
     * side, each with an entry of its log and the blocks of a key besides; no more than a server's cache comes to, which
     * takes a snapshot at 25 MB.
     */
    public static final long MEMORY = Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 16);

    private final SortedMap<String, FileBytes> segments;
    private final NewFile target;
    private final Scratch scratch;
    private @Nullable TsmWriter writer;
    private int files;
    private long keys;
    private long values;

    private WalReplay(SortedMap<String, FileBytes> segments, NewFile target, Scratch scratch) {
        this.segments = segments;
        this.target = target;
        this.scratch = scratch;
    }

    /**
     * What became of a WAL.
     *
     * @param files that were written; none if nothing was left of it
     * @param keys in them; one that goes on in the next file counts again
     * @param values in them
     * @param refused values that no server would have accepted: NaN, of another type than the key had, or of no field
     * @param damaged segments that did not end where their file does, by name; what is behind their damage was not
     *     read, as influxd would not
     */
    public record Result(int files, long keys, long values, long refused, Map<String, WalReader.Segment> damaged) {

        public Result {
            damaged = Map.copyOf(damaged);
        }
    }

    /** {@link #toTsm(SortedMap, NewFile, Scratch, long)} with the usual memory. */
    public static Result toTsm(SortedMap<String, FileBytes> segments, NewFile target, Scratch scratch)
            throws IOException {
        return toTsm(segments, target, scratch, MEMORY);
    }

    /**
     * Reads the segments, more than once if not all values fit into memory, and writes what they come to.
     *
     * @param segments by name, which is their order
     * @param target opened for the first value, and again where a file is full
     * @param memory bytes for values held at a time
     */
    public static Result toTsm(SortedMap<String, FileBytes> segments, NewFile target, Scratch scratch, long memory)
            throws IOException {
        return new WalReplay(segments, target, scratch).run(memory);
    }

    private Result run(long memory) throws IOException {
        var damaged = new TreeMap<String, WalReader.Segment>();
        long refused = 0;
        byte @Nullable [] from = null;
        try {
            do {
                var cache = new WalCache(memory, from);
                for (Map.Entry<String, FileBytes> segment : segments.entrySet()) {
                    try (InputStream in = segment.getValue().open()) {
                        var end = WalReader.read(in, (entry, offset) -> cache.apply(entry));
                        if (end.problem() != null) {
                            damaged.put(segment.getKey(), end);
                        }
                    }
                }
                cache.forEach(this::write);
                refused += cache.refused();
                from = cache.rest();
            } while (from != null);
            finish();
        } finally {
            if (writer != null) {
                writer.close();
            }
        }
        return new Result(files, keys, values, refused, damaged);
    }

    private void write(byte[] key, List<TsmBlock> blocks) throws IOException {
        keys++;
        for (TsmBlock block : blocks) {
            open().write(key, block);
            values += block.size();
        }
    }

    private TsmWriter open() throws IOException {
        if (writer != null && writer.isFull()) {
            finish();
        }
        TsmWriter open = writer;
        if (open == null) {
            open = new TsmWriter(target.open(), scratch);
            writer = open;
            files++;
        }
        return open;
    }

    private void finish() throws IOException {
        if (writer != null) {
            writer.finish();
            writer.close();
            writer = null;
        }
    }
}
