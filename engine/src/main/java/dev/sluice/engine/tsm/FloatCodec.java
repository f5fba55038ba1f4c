package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;

/**
 * Floats: each value's bits xor those of the one before, only the significant ones written; a NaN of a certain bit
 * pattern ends the stream.
 */
final class FloatCodec {

    private static final int HEAD = 0x10;
    static final long END = 0x7FF8000000000001L;

    private static final int SURE = 64 - 7;

    private FloatCodec() {}

    /** Encodes as influxd does, byte for byte; no value is NaN. */
    static void encode(double[] values, int from, int to, Output out) {
        out.u8(HEAD);
        long before = Double.doubleToRawLongBits(values[from]);
        out.u64(before);
        var bits = new BitOutput(out);
        int lead = -1;
        int trail = 0;
        for (int i = from + 1; i <= to; i++) {
            long now = i == to ? END : Double.doubleToRawLongBits(values[i]);
            long xor = now ^ before;
            before = now;
            if (xor == 0) {
                bits.write(0, 1);
                continue;
            }
            int leading = Long.numberOfLeadingZeros(xor) & 0x1F; // five bits hold it; influxd takes it modulo 32
            int trailing = Long.numberOfTrailingZeros(xor);
            if (lead >= 0 && leading >= lead && trailing >= trail) {
                bits.write(0b10, 2);
            } else {
                lead = leading;
                trail = trailing;
                bits.write(0b11, 2);
                bits.write(lead, 5);
                bits.write((64 - lead - trail) & 0x3F, 6);
            }
            bits.write(xor >>> trail, 64 - lead - trail);
        }
        bits.flush();
    }

    /** Reads the whole input: exactly {@code n} values and the end marker. */
    static double[] decode(Input in, int n) {
        int head = in.u8();
        if (head != HEAD) {
            throw in.damaged("floats have the unknown encoding " + (head >>> 4));
        }
        if (n > in.remaining() * 8L) {
            throw in.damaged("%d timestamps, and values for fewer".formatted(n));
        }
        double[] values = new double[n];
        long now = in.u64();
        if (now == END) {
            throw in.damaged("0 values for %d timestamps".formatted(n));
        }
        values[0] = Double.longBitsToDouble(now);
        decode(in, now, values);
        in.end("the values");
        return values;
    }

    /** Bits, most significant first. */
    private static final class BitOutput {
        private final Output out;
        private long pending;
        private int free = 64;

        BitOutput(Output out) {
            this.out = out;
        }

        /** The lowest {@code count} bits of {@code value}, of 1 to 64; higher ones are cut off. */
        void write(long value, int count) {
            long bits = count == 64 ? value : value & ((1L << count) - 1);
            if (count < free) {
                free -= count;
                pending |= bits << free;
                return;
            }
            int rest = count - free;
            out.u64(pending | (bits >>> rest));
            free = 64 - rest;
            pending = rest == 0 ? 0 : bits << free;
        }

        void flush() {
            for (int left = 64 - free; left > 0; left -= 8) {
                out.u8((int) (pending >>> 56));
                pending <<= 8;
            }
        }
    }

    /** Reads what follows the first value. */
    private static void decode(Input in, long first, double[] values) {
        byte[] bytes = in.array();
        int end = in.end();
        long ends = (long) end << 3;
        long at = (long) in.index() << 3; // in bits
        long now = first;
        int lead = 0;
        int width = 64;
        for (int count = 1; ; count++) {
            long word = word(bytes, at, end);
            if (word >= 0) { // the same value once more
                at++;
            } else {
                if (word << 1 >= 0) {
                    at += 2;
                } else {
                    lead = (int) (word << 2 >>> 59);
                    width = (int) (word << 7 >>> 58);
                    width = width == 0 ? 64 : width;
                    at += 13;
                    if (lead + width > 64 && at <= ends) {
                        throw damaged(in, at, "a float has %d bits".formatted(lead + width));
                    }
                }
                now ^= bits(bytes, at, width, end) << (64 - lead - width);
                at += width;
            }
            if (at > ends) {
                in.goTo(end);
                throw in.endsEarly();
            }
            if (now == END) {
                if (count != values.length) {
                    throw damaged(in, at, "%d values for %d timestamps".formatted(count, values.length));
                }
                in.goTo((int) ((at + 7) >>> 3));
                return;
            }
            if (count == values.length) {
                throw damaged(in, at, "more values than the %d timestamps".formatted(count));
            }
            values[count] = Double.longBitsToDouble(now);
        }
    }

    /** @param at bits that were read, the last byte of them not in full */
    private static TsmDamaged damaged(Input in, long at, String problem) {
        in.goTo((int) ((at + 7) >>> 3));
        return in.damaged(problem);
    }

    /** The {@code count} bits from bit {@code at} on; what lies behind the end is zero. */
    private static long bits(byte[] bytes, long at, int count, int end) {
        if (count <= SURE) {
            return word(bytes, at, end) >>> (64 - count);
        }
        int low = count - 32;
        return (word(bytes, at, end) >>> 32 << low) | (word(bytes, at + 32, end) >>> (64 - low));
    }

    /** The next bits, {@value #SURE} of them at least, the first one highest; what lies behind the end is zero. */
    private static long word(byte[] bytes, long at, int end) {
        int index = (int) (at >>> 3);
        int within = (int) at & 7;
        return (index <= end - Long.BYTES ? (long) Bytes.U64.get(bytes, index) : last(bytes, index, end)) << within;
    }

    private static long last(byte[] bytes, int from, int end) {
        long word = 0;
        for (int i = from; i < end; i++) {
            word |= (bytes[i] & 0xFFL) << (56 - ((i - from) << 3));
        }
        return word;
    }
}
