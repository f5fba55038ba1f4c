package dev.sluice.engine.model;

/**
 * How hard a run works, and how long it puts up with a server.
 *
 * @param concurrency shards side by side
 * @param retries attempts after the first, for each shard
 * @param timeouts on a server
 */
public record Pace(int concurrency, int retries, Timeouts timeouts) {

    /** How many shards go side by side unless told otherwise. */
    public static final int DEFAULT_CONCURRENCY = 4;

    /** Attempts for a shard after its first one unless told otherwise. */
    public static final int DEFAULT_RETRIES = 5;

    public static final Pace DEFAULT = new Pace(DEFAULT_CONCURRENCY, DEFAULT_RETRIES, Timeouts.DEFAULT);

    public Pace {
        if (concurrency < 1) {
            throw new IllegalArgumentException("concurrency must be at least 1, was " + concurrency);
        }
        if (retries < 0) {
            throw new IllegalArgumentException("retries must not be negative, was " + retries);
        }
    }

    public Pace withConcurrency(int value) {
        return new Pace(value, retries, timeouts);
    }

    public Pace withRetries(int value) {
        return new Pace(concurrency, value, timeouts);
    }

    public Pace withTimeouts(Timeouts value) {
        return new Pace(concurrency, retries, value);
    }
}
