package dev.sluice.engine.copy;

import dev.sluice.engine.model.Compression;
import java.time.Duration;

/**
 * How to copy.
 *
 * @param concurrency shards under way at the same time, if the target takes as many
 * @param retries attempts after the first, for each shard
 * @param skipErrors go on without a shard that failed for good
 * @param compression for the report
 * @param sampling time between two progress events
 */
public record CopyOptions(
        int concurrency, int retries, boolean skipErrors, Compression compression, Duration sampling) {}
