package dev.sluice.engine.tsm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A set of instants, nanoseconds since 1970, as spans that neither overlap nor touch each other. Immutable.
 *
 * <p>Both ends of every span belong to it.
 */
public final class TimeSet {

    public static final TimeSet NONE = new TimeSet(new long[0]);
    public static final TimeSet ALL = new TimeSet(new long[] {Long.MIN_VALUE, Long.MAX_VALUE});

    private final long[] ends; // first and last instant of a span, then of the next one, ascending

    private TimeSet(long[] ends) {
        this.ends = ends;
    }

    /** From {@code min} to {@code max}; empty if {@code max} is before {@code min}. */
    public static TimeSet of(long min, long max) {
        return max < min ? NONE : new TimeSet(new long[] {min, max});
    }

    public boolean isEmpty() {
        return ends.length == 0;
    }

    public boolean contains(long time) {
        return touches(time, time);
    }

    /** Whether all instants from {@code min} to {@code max} are in it. */
    public boolean covers(long min, long max) {
        int span = firstEndingAtOrAfter(min);
        return span < ends.length && ends[span] <= min && ends[span + 1] >= max;
    }

    /** Whether some instant from {@code min} to {@code max} is in it. */
    public boolean touches(long min, long max) {
        int span = firstEndingAtOrAfter(min);
        return span < ends.length && ends[span] <= max;
    }

    public TimeSet union(TimeSet other) {
        if (isEmpty()) {
            return other;
        }
        if (other.isEmpty()) {
            return this;
        }
        var all = new Builder();
        all.add(this);
        all.add(other);
        return all.build();
    }

    /** All instants that are not in it. */
    public TimeSet complement() {
        var gaps = new Builder();
        long from = Long.MIN_VALUE;
        for (int i = 0; i < ends.length; i += 2) {
            if (ends[i] > from) {
                gaps.add(from, ends[i] - 1);
            }
            if (ends[i + 1] == Long.MAX_VALUE) {
                return gaps.build();
            }
            from = ends[i + 1] + 1;
        }
        gaps.add(from, Long.MAX_VALUE);
        return gaps.build();
    }

    /** Index in {@link #ends} of the first span that does not end before {@code time}. */
    private int firstEndingAtOrAfter(long time) {
        int low = 0;
        int high = ends.length / 2;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (ends[2 * middle + 1] < time) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return 2 * low;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TimeSet that && Arrays.equals(ends, that.ends);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ends);
    }

    @Override
    public String toString() {
        var spans = new ArrayList<String>();
        for (int i = 0; i < ends.length; i += 2) {
            spans.add(ends[i] + ".." + ends[i + 1]);
        }
        return spans.toString();
    }

    /** Gathers spans in any order; those that overlap or touch become one, so that repetitions take no memory. */
    static final class Builder {

        private static final int FIRST = 2;

        private long[] ends = new long[FIRST];
        private int length;

        /** Bytes that its spans take. */
        int memory() {
            return ends.length * Long.BYTES;
        }

        void add(long min, long max) {
            if (max < min) {
                return;
            }
            if (length == ends.length) {
                merge();
                if (length > ends.length / 2) {
                    ends = Arrays.copyOf(ends, ends.length * 2);
                }
            }
            ends[length] = min;
            ends[length + 1] = max;
            length += 2;
        }

        void add(TimeSet spans) {
            for (int i = 0; i < spans.ends.length; i += 2) {
                add(spans.ends[i], spans.ends[i + 1]);
            }
        }

        TimeSet build() {
            merge();
            return length == 0 ? NONE : new TimeSet(Arrays.copyOf(ends, length));
        }

        private void merge() {
            List<long[]> spans = new ArrayList<>(length / 2);
            for (int i = 0; i < length; i += 2) {
                spans.add(new long[] {ends[i], ends[i + 1]});
            }
            spans.sort(Comparator.comparingLong(span -> span[0]));
            length = 0;
            for (long[] span : spans) {
                boolean joins = length > 0 && (span[0] <= ends[length - 1] || span[0] - 1 == ends[length - 1]);
                if (joins) {
                    ends[length - 1] = Math.max(ends[length - 1], span[1]);
                } else {
                    ends[length++] = span[0];
                    ends[length++] = span[1];
                }
            }
        }
    }
}
