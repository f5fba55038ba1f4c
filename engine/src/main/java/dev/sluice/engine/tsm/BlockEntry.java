package dev.sluice.engine.tsm;

/**
 * One block as the index of its file has it.
 *
 * @param minTime first timestamp in the block, nanoseconds since 1970
 * @param maxTime last timestamp in the block
 * @param offset of the block's checksum in the file
 * @param size of the block, its checksum included
 */
public record BlockEntry(long minTime, long maxTime, long offset, int size) {

    /** Whether it may hold points from {@code min} to {@code max}, both included. */
    public boolean touches(long min, long max) {
        return minTime <= max && maxTime >= min;
    }
}
