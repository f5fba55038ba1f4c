package dev.sluice.engine.tsm;

/** Strings: each with its length before it, all of them together one raw snappy block. */
final class StringCodec {

    private static final int HEAD = 0x10;

    private StringCodec() {}

    static void encode(byte[][] values, int from, int to, Output out) {
        out.u8(HEAD);
        var plain = new Output(4096);
        for (int i = from; i < to; i++) {
            plain.uvarint(values[i].length);
            plain.put(values[i], 0, values[i].length);
        }
        Snappy.compress(plain.array(), plain.length(), out);
    }

    /** Reads the whole input, which must hold exactly {@code n} values, and keeps none of them. */
    static void check(Input in, int n) {
        var strings = new Input(plain(in, n));
        for (int i = 0; i < n; i++) {
            strings.part(strings.count("length of a string", strings.remaining()));
        }
        strings.end("the strings");
    }

    /** Reads the whole input: exactly {@code n} values. */
    static byte[][] decode(Input in, int n) {
        byte[] plain = plain(in, n);
        byte[][] values = new byte[n][];
        var strings = new Input(plain);
        for (int i = 0; i < n; i++) {
            values[i] = new byte[strings.count("length of a string", strings.remaining())];
            strings.get(values[i], 0, values[i].length);
        }
        strings.end("the strings");
        return values;
    }

    private static byte[] plain(Input in, int n) {
        int head = in.u8();
        if (head != HEAD) {
            throw in.damaged("strings have the unknown encoding " + (head >>> 4));
        }
        byte[] plain = Snappy.uncompress(in, Snappy.MAX_PLAIN);
        if (n > plain.length) {
            throw in.damaged("%d timestamps, and values for fewer".formatted(n));
        }
        in.end("the values");
        return plain;
    }
}
