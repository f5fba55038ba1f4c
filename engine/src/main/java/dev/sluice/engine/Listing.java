package dev.sluice.engine;

import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What there is in a backup, a stream or on a server.
 *
 * @param source for people
 * @param runs of a portable directory, the newest first: each is a restore point
 * @param shards what a restore would take, in the source's order
 * @param missing shards that are promised and not there, and why as far as the source knows
 * @param notices what else there is to know
 */
public record Listing(
        String source, List<Run> runs, List<Shard> shards, List<ShardOutcome> missing, List<Notice> notices) {

    public Listing {
        runs = List.copyOf(runs);
        shards = List.copyOf(shards);
        missing = List.copyOf(missing);
        notices = List.copyOf(notices);
    }

    /** Whether nothing that is promised is missing or damaged. */
    public boolean complete() {
        return missing.isEmpty()
                && notices.stream()
                        .noneMatch(
                                notice -> notice.kind() == Notice.Kind.MISSING || notice.kind() == Notice.Kind.DAMAGED);
    }

    /**
     * One run.
     *
     * @param name of its manifest
     * @param started where its name tells
     * @param kind {@code full}, {@code since}, or empty for a run of influxd, which does not say
     * @param rawBytes of its archives, before compression
     * @param storedBytes of its archives, where the manifest tells
     * @param missing shards that the run did not get, as its manifest tells
     */
    public record Run(
            String name,
            Optional<Instant> started,
            Optional<String> kind,
            int shards,
            long rawBytes,
            OptionalLong storedBytes,
            List<String> missing) {

        public Run {
            missing = List.copyOf(missing);
        }
    }

    /**
     * One shard.
     *
     * @param time of its group, where the metadata has it
     * @param rawBytes length of its tar, where that is known
     * @param storedBytes of its archive, where that is known
     * @param codec of its archive, where that is known
     * @param run name of the manifest that it comes from
     */
    public record Shard(
            ShardRef ref,
            Optional<TimeRange> time,
            OptionalLong rawBytes,
            OptionalLong storedBytes,
            Optional<String> codec,
            Optional<String> run) {}
}
