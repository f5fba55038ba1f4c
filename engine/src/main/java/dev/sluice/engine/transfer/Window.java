package dev.sluice.engine.transfer;

/** A span of time, both ends included, in nanoseconds since 1970. */
record Window(long start, long end) {

    static final Window ALL = new Window(Long.MIN_VALUE, Long.MAX_VALUE);

    boolean isAll() {
        return start == Long.MIN_VALUE && end == Long.MAX_VALUE;
    }
}
