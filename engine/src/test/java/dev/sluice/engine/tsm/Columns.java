package dev.sluice.engine.tsm;

import java.nio.ByteBuffer;
import java.util.Random;

/** Made-up columns of every type and shape, the same again for the same seed. */
final class Columns {

    private static final long START = 1_600_000_000_000_000_000L;

    private Columns() {}

    static TsmBlock block(BlockType type, Random random) {
        int n = 1 + (random.nextInt(3) == 0 ? random.nextInt(5) : random.nextInt(1200));
        long[] times = times(n, random);
        return switch (type) {
            case FLOAT -> TsmBlock.ofFloats(times, floats(n, random));
            case INTEGER -> TsmBlock.ofIntegers(times, integers(n, random));
            case UNSIGNED -> TsmBlock.ofUnsigned(times, integers(n, random));
            case BOOLEAN -> {
                boolean[] values = new boolean[n];
                for (int i = 0; i < n; i++) {
                    values[i] = random.nextBoolean();
                }
                yield TsmBlock.ofBooleans(times, values);
            }
            case STRING -> TsmBlock.ofStrings(times, strings(n, random));
        };
    }

    static long[] times(int n, Random random) {
        long[] times = new long[n];
        long unit = (long) Math.pow(10, random.nextInt(11));
        int kind = random.nextInt(4);
        long now = random.nextBoolean() ? START : -random.nextInt(100_000) * unit;
        for (int i = 0; i < n; i++) {
            times[i] = now;
            now += switch (kind) {
                case 0 -> 10 * unit;
                case 1 -> unit * (1 + random.nextInt(3));
                case 2 -> unit * (random.nextInt(200) == 0 ? 7 : 1);
                default -> 1 + (random.nextLong() >>> (30 + random.nextInt(33)));
            };
        }
        return times;
    }

    private static double[] floats(int n, Random random) {
        double[] values = new double[n];
        int kind = random.nextInt(4);
        double walk = 50;
        for (int i = 0; i < n; i++) {
            walk += random.nextGaussian();
            double any = Double.longBitsToDouble(random.nextLong());
            values[i] = switch (kind) {
                case 0 -> walk;
                case 1 -> Math.rint(walk * 10) / 10;
                case 2 -> Double.isNaN(any) ? -0.0 : any;
                default -> random.nextInt(5) == 0 ? Double.MIN_VALUE * random.nextInt(100) : 1.5;
            };
        }
        return values;
    }

    private static long[] integers(int n, Random random) {
        long[] values = new long[n];
        int shift = random.nextInt(64);
        int kind = random.nextInt(3);
        for (int i = 0; i < n; i++) {
            values[i] = switch (kind) {
                case 0 -> random.nextLong() >> shift;
                case 1 -> 7L * i;
                default -> (i == 0 ? 0 : values[i - 1]) - (random.nextInt(300) == 0 ? 5 : 1);
            };
        }
        return values;
    }

    private static byte[][] strings(int n, Random random) {
        byte[][] values = new byte[n][];
        int longest = random.nextInt(20) == 0 ? 3000 : 40;
        boolean words = random.nextBoolean();
        for (int i = 0; i < n; i++) {
            values[i] = new byte[random.nextInt(longest)];
            random.nextBytes(values[i]);
            if (words && i > 0 && random.nextInt(4) > 0) {
                values[i] = values[random.nextInt(i)];
            }
        }
        return values;
    }

    static byte[] bytes(TsmBlock block) {
        ByteBuffer encoded = block.encode();
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }
}
