package dev.sluice.engine.tsm;

/**
 * Floats: each value's bits xor those of the one before, only the significant ones written; a NaN of a certain bit
 * pattern ends the stream.
 */
final class FloatCodec {

    private static final int HEAD = 0x10;
    static final long END = 0x7FF8000000000001L;

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
        var bits = new BitInput(in);
        int lead = 0;
        int width = 64;
        for (int count = 1; ; count++) {
            if (bits.read(1) != 0) {
                if (bits.read(1) != 0) {
                    lead = (int) bits.read(5);
                    width = (int) bits.read(6);
                    width = width == 0 ? 64 : width;
                    if (lead + width > 64) {
                        throw in.damaged("a float has %d bits".formatted(lead + width));
                    }
                }
                now ^= bits.read(width) << (64 - lead - width);
                if (now == END) {
                    if (count != n) {
                        throw in.damaged("%d values for %d timestamps".formatted(count, n));
                    }
                    break;
                }
            }
            if (count == n) {
                throw in.damaged("more values than the %d timestamps".formatted(n));
            }
            values[count] = Double.longBitsToDouble(now);
        }
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

    private static final class BitInput {
        private final Input in;
        private long pending;
        private int held;

        BitInput(Input in) {
            this.in = in;
        }

        /** The next {@code count} bits, 1 to 64. */
        long read(int count) {
            if (count > 56) {
                int low = count - 32;
                return (read(32) << low) | read(low);
            }
            while (held < count) {
                pending = (pending << 8) | in.u8();
                held += 8;
            }
            held -= count;
            return (pending >>> held) & ((1L << count) - 1);
        }
    }
}
