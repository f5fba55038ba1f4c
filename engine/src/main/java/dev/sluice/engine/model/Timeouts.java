package dev.sluice.engine.model;

import java.time.Duration;

/**
 * Time limits on a server. They run only while it is the server that we wait for, so that a slow other end is
 * never taken for a dead server.
 *
 * @param connect until the connection stands
 * @param firstByte until the first byte of a shard: the server writes its cache to disk before it; and from the last
 *     byte of an upload until the server closes: it indexes the files before it
 * @param idle between two reads, or two writes; and until the first byte of the metastore, which a server has in memory
 */
public record Timeouts(Duration connect, Duration firstByte, Duration idle) {

    public static final Timeouts DEFAULT =
            new Timeouts(Duration.ofSeconds(10), Duration.ofMinutes(10), Duration.ofSeconds(60));

    public Timeouts {
        for (Duration limit : new Duration[] {connect, firstByte, idle}) {
            if (limit.isNegative() || limit.isZero()) {
                throw new IllegalArgumentException("a time limit must be positive, was " + limit);
            }
        }
    }

    /** The same limits with another idle time; the first byte gets at least as much. */
    public Timeouts withIdle(Duration limit) {
        return new Timeouts(connect, firstByte.compareTo(limit) < 0 ? limit : firstByte, limit);
    }
}
