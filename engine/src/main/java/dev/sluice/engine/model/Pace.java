package dev.sluice.engine.model;

import java.util.OptionalLong;

/**
 * How hard a run works, and how long it puts up with a server.
 *
 * @param concurrency shards side by side
 * @param retries attempts after the first, for each shard
 * @param timeouts on a server
 * @param rateLimit raw bytes a second from the source, over all shards and all attempts; empty for none
 */
public record Pace(int concurrency, int retries, Timeouts timeouts, OptionalLong rateLimit) {

    /** How many shards go side by side unless told otherwise. */
    public static final int DEFAULT_CONCURRENCY = 4;

    /** Attempts for a shard after its first one unless told otherwise. */
    public static final int DEFAULT_RETRIES = 5;

    public static final Pace DEFAULT =
            new Pace(DEFAULT_CONCURRENCY, DEFAULT_RETRIES, Timeouts.DEFAULT, OptionalLong.empty());

    public Pace {
        if (concurrency < 1) {
            throw new IllegalArgumentException("concurrency must be at least 1, was " + concurrency);
        }
        if (retries < 0) {
            throw new IllegalArgumentException("retries must not be negative, was " + retries);
        }
        if (rateLimit.isPresent() && rateLimit.getAsLong() < 1) {
            throw new IllegalArgumentException("rate limit must be positive, was " + rateLimit.getAsLong());
        }
    }

    /** The same with so many shards side by side, at least 1. */
    public Pace withConcurrency(int value) {
        return new Pace(value, retries, timeouts, rateLimit);
    }

    /** The same with so many attempts after the first, 0 for none. */
    public Pace withRetries(int value) {
        return new Pace(concurrency, value, timeouts, rateLimit);
    }

    /** The same with other time limits. */
    public Pace withTimeouts(Timeouts value) {
        return new Pace(concurrency, retries, value, rateLimit);
    }

    /**
     * The same with a limit.
     *
     * @param bytesPerSecond at least 1
     */
    public Pace withRateLimit(long bytesPerSecond) {
        return new Pace(concurrency, retries, timeouts, OptionalLong.of(bytesPerSecond));
    }
}
