package dev.sluice.engine.event;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.ShardReceipt;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The end of a copy that was sealed.
 *
 * @param source for people
 * @param location of the result, for people: the manifest's path
 * @param outcomes one for each shard, in the source's order
 * @param retries attempts beyond the first, over all shards
 * @param warnings sentences for people, the hint included
 */
public record CopyReport(
        String source,
        String location,
        Instant started,
        Duration elapsed,
        Compression compression,
        List<ShardOutcome> outcomes,
        int retries,
        List<String> warnings) {

    public CopyReport {
        outcomes = List.copyOf(outcomes);
        warnings = List.copyOf(warnings);
    }

    public List<ShardReceipt> stored() {
        return outcomes.stream()
                .filter(ShardOutcome.Stored.class::isInstance)
                .map(o -> ((ShardOutcome.Stored) o).receipt())
                .toList();
    }

    /** What was asked for and is not there; empty when all is done. */
    public List<ShardOutcome> missing() {
        return outcomes.stream().filter(ShardOutcome::missing).toList();
    }

    public boolean complete() {
        return missing().isEmpty();
    }

    public long rawBytes() {
        return stored().stream().mapToLong(ShardReceipt::rawBytes).sum();
    }

    public long storedBytes() {
        return stored().stream().mapToLong(ShardReceipt::storedBytes).sum();
    }

    /** Time spent on making files durable, added up over shards that were written side by side. */
    public Duration syncing() {
        return stored().stream().map(ShardReceipt::syncing).reduce(Duration.ZERO, Duration::plus);
    }
}
