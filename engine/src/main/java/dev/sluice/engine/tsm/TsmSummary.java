package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the TSM files of a shard hold, told from their indexes, all files side by side.
 *
 * @param measurements by name; the first {@value Summing#MOST_MEASUREMENTS} of a shard, see {@code complete}
 * @param series that differ, over all files and measurements
 * @param keys that differ: a field of a series each
 * @param blocks in all files
 * @param values in all blocks: one for each field of a point, and again where another file has it too; -1 if only the
 *     indexes were read
 * @param unreadable blocks whose values could not be counted
 * @param minTime of all blocks, nanoseconds since 1970
 * @param maxTime of all blocks
 * @param blockBytes of all blocks
 * @param encodings bytes of times and of values by how they are encoded; empty if only the indexes were read
 * @param complete whether all measurements and fields have a line of their own; the totals always have all
 */
public record TsmSummary(
        List<Measurement> measurements,
        long series,
        long keys,
        long blocks,
        long values,
        long unreadable,
        long minTime,
        long maxTime,
        long blockBytes,
        Map<String, Encoding> encodings,
        boolean complete) {

    public TsmSummary {
        measurements = List.copyOf(measurements);
        encodings = Collections.unmodifiableMap(new TreeMap<>(encodings));
    }

    /** Whether nothing is in it; then its times mean nothing. */
    public boolean isEmpty() {
        return keys == 0;
    }

    /**
     * A measurement; figures as for the whole.
     *
     * @param name without escapes
     * @param fields names with the types of their values, one unless something went wrong
     */
    public record Measurement(
            String name,
            long series,
            long keys,
            Map<String, Set<BlockType>> fields,
            long blocks,
            long values,
            long minTime,
            long maxTime,
            long blockBytes) {

        public Measurement {
            fields = Collections.unmodifiableMap(new TreeMap<>(fields));
        }
    }

    /** How much there is of a way to encode. */
    public record Encoding(long blocks, long bytes) {

        Encoding plus(Encoding other) {
            return new Encoding(blocks + other.blocks, bytes + other.bytes);
        }
    }

    /**
     * A file of the shard.
     *
     * @param channel stays the caller's to close
     * @param deletions those of its tombstone: what they cover whole does not count, a block that they hit in part does
     */
    public record Source(SeekableByteChannel channel, Deletions deletions) {}

    /**
     * Reads the indexes, and the blocks too if their values are to be counted. Memory: 16 MiB for all files together
     * and a line for each measurement and field. Blocking.
     *
     * @param counting whether blocks are read: their number of values and how they are encoded stand nowhere else
     * @throws TsmDamaged if an index is not well-formed
     */
    public static TsmSummary of(List<Source> files, boolean counting) throws IOException {
        return new Summing(files, counting).run();
    }
}
