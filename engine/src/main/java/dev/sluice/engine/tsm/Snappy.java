package dev.sluice.engine.tsm;

import java.util.Arrays;

/** The raw block format of snappy: the plain length, then literals and copies of what came before. */
final class Snappy {

    private static final int TABLE_BITS = 12;
    private static final int WINDOW = 1 << 16; // copies reach back less than this: their offset has two bytes
    private static final int MIN_MATCH = 4;
    private static final int MAX_COPY = 64;

    // The densest element: a copy of 64 bytes in three.
    static final int MAX_RATIO = 22;

    /** The most bytes that are uncompressed at a time. */
    static final int MAX_PLAIN = 256 << 20;

    private Snappy() {}

    /** Appends {@code plain[0..length)}, compressed by taking the first match that is seen. */
    static void compress(byte[] plain, int length, Output out) {
        out.uvarint(length);
        int[] table = new int[1 << TABLE_BITS]; // position + 1 of where four bytes with this hash were seen
        int literal = 0;
        int at = 0;
        while (at <= length - MIN_MATCH) {
            int four = four(plain, at);
            int slot = (four * 0x1E35A7BD) >>> (32 - TABLE_BITS);
            int candidate = table[slot] - 1;
            table[slot] = at + 1;
            if (candidate < 0 || at - candidate >= WINDOW || four(plain, candidate) != four) {
                at += 1 + ((at - literal) >> 6); // what has not matched for long is not likely to
                continue;
            }
            int end = at + MIN_MATCH;
            while (end < length && plain[end] == plain[end - at + candidate]) {
                end++;
            }
            literal(plain, literal, at, out);
            copy(at - candidate, end - at, out);
            at = end;
            literal = end;
        }
        literal(plain, literal, length, out);
    }

    private static int four(byte[] bytes, int at) {
        return (bytes[at] & 0xFF)
                | ((bytes[at + 1] & 0xFF) << 8)
                | ((bytes[at + 2] & 0xFF) << 16)
                | ((bytes[at + 3] & 0xFF) << 24);
    }

    private static void literal(byte[] plain, int from, int to, Output out) {
        int count = to - from;
        if (count == 0) {
            return;
        }
        int code = count - 1;
        if (code < 60) {
            out.u8(code << 2);
        } else {
            int size = (32 - Integer.numberOfLeadingZeros(code) + 7) / 8;
            out.u8((59 + size) << 2);
            for (int i = 0; i < size; i++) {
                out.u8(code >>> (8 * i));
            }
        }
        out.put(plain, from, count);
    }

    private static void copy(int offset, int length, Output out) {
        int rest = length;
        while (rest > 0) {
            int count = Math.min(rest, MAX_COPY);
            out.u8(((count - 1) << 2) | 2);
            out.u8(offset);
            out.u8(offset >>> 8);
            rest -= count;
        }
    }

    /**
     * Reads elements until the announced length is there.
     *
     * @param most bytes that may be announced
     */
    static byte[] uncompress(Input in, int most) {
        int length = in.count("plain length", most);
        if (length > (long) in.remaining() * MAX_RATIO) {
            throw in.damaged("%d bytes cannot come from %d".formatted(length, in.remaining()));
        }
        byte[] plain = new byte[length];
        int at = 0;
        while (at < length) {
            int tag = in.u8();
            int count = 1 + (tag >>> 2);
            int offset = 0;
            switch (tag & 3) {
                case 0 -> {
                    if (count > 60) {
                        count = 1 + littleEndian(in, count - 60);
                    }
                }
                case 1 -> {
                    count = copyLength(tag);
                    offset = ((tag >>> 5) << 8) | in.u8();
                }
                case 2 -> offset = littleEndian(in, 2);
                default -> offset = littleEndian(in, 4);
            }
            if (count <= 0 || count > length - at) {
                throw in.damaged("plain text is longer than announced");
            }
            if ((tag & 3) == 0) {
                in.get(plain, at, count);
                at += count;
            } else if (offset <= 0 || offset > at) {
                throw in.damaged("a copy reaches before the start");
            } else {
                at = repeat(plain, at, offset, count);
            }
        }
        return plain;
    }

    /** Bytes of an element before what a literal carries. */
    static int tagLength(byte tag) {
        return switch (tag & 3) {
            case 0 -> 1 + Math.max(0, ((tag & 0xFF) >>> 2) - 59);
            case 1 -> 2;
            case 2 -> 3;
            default -> 5;
        };
    }

    /** Bytes that the literal at {@code at} carries; the whole tag is there. */
    static long literalLength(byte[] bytes, int at) {
        int code = (bytes[at] & 0xFF) >>> 2;
        return code < 60 ? code + 1L : 1 + littleEndian(bytes, at + 1, code - 59);
    }

    static int copyLength(int tag) {
        return (tag & 3) == 1 ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2);
    }

    /** How far the copy at {@code at} reaches back; the whole tag is there. */
    static long copyOffset(byte[] bytes, int at) {
        int tag = bytes[at] & 0xFF;
        return switch (tag & 3) {
            case 1 -> (long) (tag >>> 5) << 8 | (bytes[at + 1] & 0xFF);
            case 2 -> littleEndian(bytes, at + 1, 2);
            default -> littleEndian(bytes, at + 1, 4);
        };
    }

    private static long littleEndian(byte[] bytes, int at, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[at + i] & 0xFFL) << (8 * i);
        }
        return value;
    }

    private static int repeat(byte[] plain, int at, int offset, int count) {
        if (offset == 1) {
            Arrays.fill(plain, at, at + count, plain[at - 1]);
        } else if (offset >= count) {
            System.arraycopy(plain, at - offset, plain, at, count);
        } else {
            for (int i = at; i < at + count; i++) { // one by one: what is copied may be written meanwhile
                plain[i] = plain[i - offset];
            }
        }
        return at + count;
    }

    private static int littleEndian(Input in, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= in.u8() << (8 * i);
        }
        return value;
    }
}
