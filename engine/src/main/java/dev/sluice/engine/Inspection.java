package dev.sluice.engine;

import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What the shards of a backup, a stream or a server hold.
 *
 * <p>Values are those of fields, counted file by file: one for each field of a point, and again where another file has
 * it too, as an overwritten one. A block of which tombstones delete everything does not count; one that they hit in
 * part counts as a whole.
 *
 * @param source for people
 * @param shards in the source's order
 * @param missing shards that are promised and not there, and why as far as the source knows
 * @param notices what else there is to know
 */
public record Inspection(String source, List<Shard> shards, List<ShardOutcome> missing, List<Notice> notices) {

    public Inspection {
        shards = List.copyOf(shards);
        missing = List.copyOf(missing);
        notices = List.copyOf(notices);
    }

    /** Whether nothing that is promised is missing. */
    public boolean complete() {
        return missing.isEmpty() && !has(Notice.Kind.MISSING);
    }

    /** Whether something cannot be read. */
    public boolean damaged() {
        return has(Notice.Kind.DAMAGED);
    }

    private boolean has(Notice.Kind kind) {
        return notices.stream().anyMatch(notice -> notice.kind() == kind);
    }

    /** How much there is of something. */
    public record Amount(long blocks, long bytes) {

        /** Both together. */
        public Amount plus(Amount other) {
            return new Amount(blocks + other.blocks, bytes + other.bytes);
        }
    }

    /**
     * One shard.
     *
     * @param files TSM files
     * @param fileBytes of them
     * @param series that differ
     * @param keys that differ: a field of a series each
     * @param values in all blocks; empty if only the indexes were read
     * @param points from the first to the last of them; empty if there are none
     * @param blocks how many, and their bytes
     * @param encodings times and values by how they are encoded; empty if only the indexes were read
     * @param measurements by name
     * @param all whether all measurements and fields are listed; of a shard with very many, the totals have the rest
     */
    public record Shard(
            ShardRef ref,
            int files,
            long fileBytes,
            long series,
            long keys,
            OptionalLong values,
            Optional<TimeRange> points,
            Amount blocks,
            Map<String, Amount> encodings,
            List<Measurement> measurements,
            boolean all) {

        public Shard {
            encodings = Collections.unmodifiableMap(new TreeMap<>(encodings));
            measurements = List.copyOf(measurements);
        }
    }

    /**
     * One measurement of a shard; figures as for the shard.
     *
     * @param fields name to types, {@code float}, {@code integer}, {@code unsigned}, {@code boolean}, {@code string}: one
     *     unless something went wrong
     */
    public record Measurement(
            String name,
            long series,
            Map<String, List<String>> fields,
            OptionalLong values,
            TimeRange points,
            Amount blocks) {

        public Measurement {
            fields = Collections.unmodifiableMap(new TreeMap<>(fields));
        }
    }
}
