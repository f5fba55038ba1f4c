package dev.sluice.engine.tsm;

/** A running digest of what an index says of blocks; equal only for the same blocks in the same order. */
final class FactsDigest {

    private static final long FIRST = 0x9E3779B97F4A7C15L;
    private static final long SECOND = 0xC2B2AE3D27D4EB4FL;

    private long state;
    private long count;

    void add(int type, long min, long max, long offset, long size) {
        count++;
        mix(min);
        mix(max);
        mix(offset);
        mix(size << 3 | type);
    }

    long count() {
        return count;
    }

    private void mix(long value) {
        // One to one in the value and in the state, so that a single difference cannot get lost.
        state = Long.rotateLeft(state ^ (value * FIRST), 29) * SECOND + 1;
    }

    boolean same(FactsDigest other) {
        return state == other.state && count == other.count;
    }
}
