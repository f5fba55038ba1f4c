package dev.sluice.engine.model;

import java.time.Instant;

/**
 * A span of time, {@code start} included. For a shard group the server excludes {@code end}; in a
 * selection {@code end} is included, as the original tool has it.
 */
public record TimeRange(Instant start, Instant end) {

    /** The earliest and latest instants that a point can have (int64 nanoseconds). */
    public static final Instant MIN = Instant.ofEpochSecond(-9_223_372_037L, 145_224_193);

    public static final Instant MAX = Instant.ofEpochSecond(9_223_372_036L, 854_775_807);

    public static final TimeRange ALL = new TimeRange(MIN, MAX);

    public TimeRange {
        if (end.isBefore(start)) {
            throw new IllegalArgumentException("time range ends before it starts: " + start + " to " + end);
        }
    }

    /** Whether this selection touches the group {@code [groupStart, groupEnd)}. */
    public boolean overlapsGroup(TimeRange group) {
        return !group.start().isAfter(end) && group.end().isAfter(start);
    }
}
