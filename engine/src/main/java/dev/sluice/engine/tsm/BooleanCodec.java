package dev.sluice.engine.tsm;

/** Booleans: their number, then one bit for each, the first one highest. */
final class BooleanCodec {

    private static final int HEAD = 0x10;

    private BooleanCodec() {}

    static void encode(boolean[] values, int from, int to, Output out) {
        out.u8(HEAD);
        out.uvarint(to - from);
        int pending = 0;
        int bits = 0;
        for (int i = from; i < to; i++) {
            pending = (pending << 1) | (values[i] ? 1 : 0);
            if (++bits == 8) {
                out.u8(pending);
                pending = 0;
                bits = 0;
            }
        }
        if (bits > 0) {
            out.u8(pending << (8 - bits));
        }
    }

    /** Reads the whole input: exactly {@code n} values. */
    static boolean[] decode(Input in, int n) {
        int head = in.u8();
        if (head != HEAD) {
            throw in.damaged("booleans have the unknown encoding " + (head >>> 4));
        }
        int count = in.count("number of values", TsmBlock.MAX_VALUES);
        if (count != n || in.remaining() != (n + 7) / 8) {
            throw in.damaged("%d values in %d bytes for %d timestamps".formatted(count, in.remaining(), n));
        }
        boolean[] values = new boolean[n];
        int bits = 0;
        for (int i = 0; i < n; i++) {
            bits = (i & 7) == 0 ? in.u8() : bits << 1;
            values[i] = (bits & 0x80) != 0;
        }
        return values;
    }
}
