package dev.sluice.engine.tsm;

/** Integers: zig-zag coded differences, as a run, packed, or raw. Unsigned integers go the same way bit for bit. */
final class IntegerCodec {

    static final int RAW = 0;
    static final int PACKED = 1;
    static final int RUN = 2;

    private IntegerCodec() {}

    /**
     * Encodes as influxd's cache snapshot does: the first value counts when raw is chosen, which its compaction does
     * not do.
     */
    static void encode(long[] values, int from, int to, Output out) {
        int n = to - from;
        long[] deltas = new long[n];
        boolean same = true;
        boolean wide = false;
        long before = 0;
        for (int i = 0; i < n; i++) {
            long value = values[from + i];
            long delta = value - before;
            deltas[i] = (delta << 1) ^ (delta >> 63);
            same &= i < 2 || deltas[i] == deltas[1];
            wide |= Long.compareUnsigned(deltas[i], Simple8b.MAX) > 0;
            before = value;
        }
        if (n > 2 && same) {
            out.u8(RUN << 4);
            out.u64(deltas[0]);
            out.uvarint(deltas[1]);
            out.uvarint(n - 1);
        } else if (wide) {
            out.u8(RAW << 4);
            for (long delta : deltas) {
                out.u64(delta);
            }
        } else {
            out.u8(PACKED << 4);
            out.u64(deltas[0]);
            Simple8b.encode(deltas, 1, n, n, out);
        }
    }

    /** Reads the whole input: exactly {@code n} values. */
    static long[] decode(Input in, int n) {
        int encoding = in.u8() >>> 4;
        if (encoding == RUN) {
            long first = in.u64();
            long delta = in.uvarint();
            int repeats = in.count("number of values", TsmBlock.MAX_VALUES);
            if (repeats + 1 != n) {
                throw in.damaged("%d values for %d timestamps".formatted(repeats + 1, n));
            }
            in.end("the values");
            long[] values = new long[n];
            values[0] = unzigzag(first);
            for (int i = 1; i < n; i++) {
                values[i] = values[i - 1] + unzigzag(delta);
            }
            return values;
        }
        long held = switch (encoding) {
            case RAW -> in.remaining() / 8;
            case PACKED -> {
                var look = in.look();
                look.u64();
                yield 1 + Simple8b.count(look);
            }
            default -> throw in.damaged("integers have the unknown encoding " + encoding);
        };
        if (held != n) {
            throw in.damaged("%d values for %d timestamps".formatted(held, n));
        }
        long[] values = new long[n];
        values[0] = in.u64();
        if (encoding == PACKED) {
            Simple8b.decode(in, values, 1);
        } else {
            for (int i = 1; i < n; i++) {
                values[i] = in.u64();
            }
        }
        in.end("the values");
        long value = 0;
        for (int i = 0; i < n; i++) {
            value += unzigzag(values[i]);
            values[i] = value;
        }
        return values;
    }

    private static long unzigzag(long coded) {
        return (coded >>> 1) ^ -(coded & 1);
    }
}
