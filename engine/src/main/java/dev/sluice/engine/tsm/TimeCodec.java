package dev.sluice.engine.tsm;

/**
 * Timestamps of a block. The first byte has the encoding in its upper half and in its lower half the power of ten
 * that deltas are divided by.
 */
final class TimeCodec {

    static final int RAW = 0;
    static final int PACKED = 1;
    static final int RUN = 2;
    private static final int MAX_POWER = 12;
    private static final int WINDOW = 240;
    private static final long[] POWERS = new long[16];

    static {
        POWERS[0] = 1;
        for (int i = 1; i < POWERS.length; i++) {
            POWERS[i] = POWERS[i - 1] * 10;
        }
    }

    private TimeCodec() {}

    /** Encodes as influxd does, byte for byte; {@code times[from..to)} is ascending and not empty. */
    static void encode(long[] times, int from, int to, Output out) {
        int n = to - from;
        long[] deltas = new long[n - 1];
        boolean same = true;
        boolean wide = false;
        int power = MAX_POWER;
        for (int i = 0; i < deltas.length; i++) {
            long delta = times[from + i + 1] - times[from + i];
            deltas[i] = delta;
            same &= delta == deltas[0];
            wide |= Long.compareUnsigned(delta, Simple8b.MAX) > 0;
            while (power > 0 && Long.remainderUnsigned(delta, POWERS[power]) != 0) {
                power--;
            }
        }
        if (n > 1 && same) {
            out.u8((RUN << 4) | power);
            out.u64(times[from]);
            out.uvarint(Long.divideUnsigned(deltas[0], POWERS[power]));
            out.uvarint(n);
        } else if (wide) {
            out.u8(RAW << 4);
            out.u64(times[from]);
            for (long delta : deltas) {
                out.u64(delta);
            }
        } else {
            out.u8((PACKED << 4) | power);
            out.u64(times[from]);
            for (int i = 0; i < deltas.length; i++) {
                deltas[i] /= POWERS[power];
            }
            Simple8b.encode(deltas, 0, deltas.length, WINDOW, out);
        }
    }

    /** What deltas are multiplied by, from the first byte. */
    static long scale(int head) {
        return POWERS[head & 0xF];
    }

    /** How many timestamps the whole input holds; the input is not moved. */
    static int count(Input in) {
        var look = in.look();
        int encoding = look.u8() >>> 4;
        long n = switch (encoding) {
            case RAW -> look.remaining() / 8;
            case PACKED -> {
                look.u64();
                yield 1 + Simple8b.count(look);
            }
            case RUN -> {
                look.u64();
                look.uvarint();
                yield look.count("number of timestamps", TsmBlock.MAX_VALUES);
            }
            default -> throw in.damaged("timestamps have the unknown encoding " + encoding);
        };
        if (n < 1 || n > TsmBlock.MAX_VALUES) {
            throw in.damaged("block has %d timestamps".formatted(n));
        }
        return (int) n;
    }

    /** Reads the whole input; {@code n} as {@link #count} found it. */
    static long[] decode(Input in, int n) {
        long[] times = new long[n];
        int head = in.u8();
        long scale = scale(head);
        times[0] = in.u64();
        switch (head >>> 4) {
            case RAW -> {
                for (int i = 1; i < n; i++) {
                    times[i] = times[i - 1] + in.u64();
                }
            }
            case PACKED -> {
                Simple8b.decode(in, times, 1);
                for (int i = 1; i < n; i++) {
                    times[i] = times[i - 1] + times[i] * scale;
                }
            }
            default -> {
                long delta = in.uvarint() * scale;
                in.uvarint();
                for (int i = 1; i < n; i++) {
                    times[i] = times[i - 1] + delta;
                }
            }
        }
        in.end("the timestamps");
        return times;
    }
}
