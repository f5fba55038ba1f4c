package dev.sluice.engine.transfer;

import java.util.BitSet;

/**
 * Hours in which there is something. A shard is never shorter than an hour, nor does it begin within one, so that each
 * shard has hours of its own. One thread.
 */
final class Hours {

    private static final long LENGTH = 3_600_000_000_000L;

    private final BitSet bits = new BitSet();
    private long origin = Long.MIN_VALUE;

    /** The hour of a time in nanoseconds. */
    static long of(long nanos) {
        return Math.floorDiv(nanos, LENGTH);
    }

    boolean contains(long hour) {
        return origin != Long.MIN_VALUE && bits.get(index(hour));
    }

    /** Whether it was not there. */
    boolean add(long hour) {
        if (origin == Long.MIN_VALUE) {
            origin = hour;
        }
        int index = index(hour);
        boolean there = bits.get(index);
        bits.set(index);
        return !there;
    }

    /** Small where the hours are near to the first one; all that nanoseconds can tell are some five million. */
    private int index(long hour) {
        long from = hour - origin;
        return (int) ((from << 1) ^ (from >> 63));
    }
}
