package dev.sluice.engine.tsm;

import java.util.Arrays;

/** Many small numbers in one 64-bit word: a selector of 4 bits, then n numbers of b bits, the first one lowest. */
final class Simple8b {

    static final long MAX = (1L << 60) - 1;

    private static final int[] COUNT = {240, 120, 60, 30, 20, 15, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1};
    private static final int[] BITS = {0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 60};

    private Simple8b() {}

    /**
     * Appends the words for {@code values[from..to)}, none above {@link #MAX}: in each word as many as fit.
     *
     * @param window the words for 240 and 120 ones are used only if nothing but ones is left within so many values,
     *     as influxd's cache snapshot does it (observed on 1.6.7 and 1.8.10)
     */
    static void encode(long[] values, int from, int to, int window, Output out) {
        int[] widest = new int[61]; // widest[k]: bits of the widest of the first k values
        int at = from;
        int other = from; // the first value from at on that is not 1
        while (at < to) {
            other = Math.max(other, at);
            while (other < to && values[other] == 1) {
                other++;
            }
            int seen = Math.min(to - at, window);
            if (seen >= 120 && other - at >= seen) {
                int selector = seen >= 240 ? 0 : 1;
                out.u64((long) selector << 60);
                at += COUNT[selector];
                continue;
            }
            int fit = 0;
            while (fit < 60 && at + fit < to) {
                int bits = Math.max(widest[fit], 64 - Long.numberOfLeadingZeros(values[at + fit]));
                if ((long) bits * (fit + 1) > 60) {
                    break;
                }
                widest[++fit] = bits;
            }
            int selector = 2;
            while (COUNT[selector] > fit || widest[COUNT[selector]] > BITS[selector]) {
                selector++;
            }
            long word = (long) selector << 60;
            int n = COUNT[selector];
            for (int i = 0; i < n; i++) {
                word |= values[at + i] << (i * BITS[selector]);
            }
            out.u64(word);
            at += n;
        }
    }

    /** How many numbers a word has. */
    static int count(int selector) {
        return COUNT[selector];
    }

    /** How many bits each of them has; with none of them all are 1. */
    static int bits(int selector) {
        return BITS[selector];
    }

    /** How many numbers the rest of the input holds; the input itself is not moved. */
    static long count(Input words) {
        var look = words.look();
        long count = 0;
        while (look.remaining() > 0) {
            count += COUNT[(int) (look.u64() >>> 60)];
        }
        return count;
    }

    /** Reads words until {@code values[from..]} is full; the last word must fill it exactly. */
    static void decode(Input in, long[] values, int from) {
        int at = from;
        while (at < values.length) {
            long word = in.u64();
            int selector = (int) (word >>> 60);
            int n = COUNT[selector];
            if (n > values.length - at) {
                throw in.damaged("more values than timestamps");
            }
            int end = at + n;
            int bits = BITS[selector];
            if (bits == 0) {
                Arrays.fill(values, at, end, 1);
                at = end;
                continue;
            }
            long mask = (1L << bits) - 1;
            while (at < end) {
                values[at++] = word & mask;
                word >>>= bits;
            }
        }
    }
}
