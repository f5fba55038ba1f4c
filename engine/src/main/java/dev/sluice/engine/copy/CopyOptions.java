package dev.sluice.engine.copy;

import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.stage.ShardStage;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/**
 * How to copy.
 *
 * @param task for events and report
 * @param stages what every shard passes, in this order
 * @param concurrency shards under way at the same time, if the target takes as many
 * @param retries attempts after the first, for each shard
 * @param rateLimit raw bytes a second, over all shards and all attempts
 * @param skipErrors go on without a shard that failed for good
 * @param compression for the report
 * @param sampling time between two progress events
 */
public record CopyOptions(
        Task task,
        List<ShardStage> stages,
        int concurrency,
        int retries,
        OptionalLong rateLimit,
        boolean skipErrors,
        Compression compression,
        Duration sampling) {

    private static final Duration SAMPLING = Duration.ofMillis(200);

    public CopyOptions {
        stages = List.copyOf(stages);
    }

    /** At a pace, with progress five times a second. */
    public static CopyOptions of(
            Task task, Pace pace, List<ShardStage> stages, boolean skipErrors, Compression compression) {
        return new CopyOptions(
                task, stages, pace.concurrency(), pace.retries(), pace.rateLimit(), skipErrors, compression, SAMPLING);
    }
}
