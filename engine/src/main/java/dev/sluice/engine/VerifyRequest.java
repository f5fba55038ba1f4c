package dev.sluice.engine;

import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.Timeouts;

/**
 * Check a backup, a stream or a live server.
 *
 * @param deep also decode every value of string blocks, which the check of blocks leaves out
 * @param chain put increments of influxd together, oldest first
 * @param allowIncomplete of a stream that is cut short or damaged, check what had arrived whole
 * @param concurrency shards side by side
 * @param retries attempts after the first, for each shard of a live server
 */
public record VerifyRequest(
        End from,
        Selection selection,
        boolean deep,
        boolean chain,
        boolean allowIncomplete,
        int concurrency,
        int retries,
        Timeouts timeouts) {

    public VerifyRequest {
        if (concurrency < 1) {
            throw new IllegalArgumentException("concurrency must be at least 1, was " + concurrency);
        }
        if (retries < 0) {
            throw new IllegalArgumentException("retries must not be negative, was " + retries);
        }
    }

    /** All of it, every block, as many shards side by side as there are processors. */
    public static VerifyRequest of(End from) {
        return new VerifyRequest(
                from,
                Selection.EVERYTHING,
                false,
                false,
                false,
                Math.max(2, Runtime.getRuntime().availableProcessors()),
                BackupRequest.DEFAULT_RETRIES,
                Timeouts.DEFAULT);
    }
}
