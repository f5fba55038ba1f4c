package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Times and values of one series and field: what a block holds. Immutable; the arrays that it is made of belong to
 * it from then on.
 */
public final class TsmBlock {

    /** The most values that a block is believed to have: the limit of influx_tools 1.8.10 when it compacts. */
    public static final int MAX_VALUES = 10_485_760;

    /** How many values influxd puts into a block when it writes its cache. */
    public static final int USUAL_VALUES = 1000;

    private final long[] times;
    private final Column column;

    private TsmBlock(long[] times, int count, Column column) {
        if (times.length != count) {
            throw new IllegalArgumentException("%d values for %d timestamps".formatted(count, times.length));
        }
        if (count == 0 || count > MAX_VALUES) {
            throw new IllegalArgumentException("a block has 1 to %d values, not %d".formatted(MAX_VALUES, count));
        }
        for (int i = 1; i < count; i++) {
            if (times[i] <= times[i - 1]) {
                throw new IllegalArgumentException("timestamps do not ascend at index " + i);
            }
        }
        this.times = times;
        this.column = column;
    }

    /** @param times that are known to ascend, one for each value */
    private TsmBlock(long[] times, Column column) {
        this.times = times;
        this.column = column;
    }

    /** @param values none of them NaN, which the format cannot hold */
    public static TsmBlock ofFloats(long[] times, double[] values) {
        if (Arrays.stream(values).anyMatch(Double::isNaN)) {
            throw new IllegalArgumentException("NaN cannot be stored");
        }
        return new TsmBlock(times, values.length, new Floats(values));
    }

    public static TsmBlock ofIntegers(long[] times, long[] values) {
        return new TsmBlock(times, values.length, new Integers(BlockType.INTEGER, values));
    }

    /** @param values 64 bits each, read as unsigned */
    public static TsmBlock ofUnsigned(long[] times, long[] values) {
        return new TsmBlock(times, values.length, new Integers(BlockType.UNSIGNED, values));
    }

    public static TsmBlock ofBooleans(long[] times, boolean[] values) {
        return new TsmBlock(times, values.length, new Booleans(values));
    }

    /** @param values any bytes, usually UTF-8 */
    public static TsmBlock ofStrings(long[] times, byte[][] values) {
        return new TsmBlock(times, values.length, new Strings(values));
    }

    /**
     * Decodes a whole block, from its checksum to its last value; the buffer's position moves to its limit.
     *
     * @throws TsmDamaged if the checksum is wrong or the content is not well-formed; the offset counts from the
     *     buffer's position
     */
    public static TsmBlock decode(ByteBuffer block) {
        var in = Input.of(block);
        int announced = in.u32();
        var crc = new CRC32();
        crc.update(in.array(), in.index(), in.remaining());
        if ((int) crc.getValue() != announced) {
            throw new TsmDamaged(
                    "block has checksum %08x and should have %08x".formatted((int) crc.getValue(), announced), 0);
        }
        int code = in.u8();
        if (!BlockType.isCode(code)) {
            throw in.damaged("block has the unknown type " + code);
        }
        var encodedTimes = in.part(in.count("length of the timestamps", in.remaining()));
        int n = TimeCodec.count(encodedTimes);
        // Values first: unlike a run of timestamps most of them cannot claim more than their bytes bear out.
        Column column = Column.decode(BlockType.ofCode(code), in, n);
        long[] times = TimeCodec.decode(encodedTimes, n);
        for (int i = 1; i < n; i++) {
            if (times[i] <= times[i - 1]) {
                throw encodedTimes.damaged("timestamps do not ascend at index " + i);
            }
        }
        return new TsmBlock(times, column);
    }

    /** Appends {@code [from, to)} as one block, checksum first. */
    void encode(int from, int to, Output out) {
        int start = out.length();
        out.u32(0);
        out.u8(type().code());
        var encodedTimes = new Output(16);
        TimeCodec.encode(times, from, to, encodedTimes);
        out.uvarint(encodedTimes.length());
        out.put(encodedTimes.array(), 0, encodedTimes.length());
        column.encode(from, to, out);
        var crc = new CRC32();
        crc.update(out.array(), start + 4, out.length() - start - 4);
        out.setU32(start, (int) crc.getValue());
    }

    /** The whole as one block, checksum first. */
    public ByteBuffer encode() {
        var out = new Output(64 + size() * 4);
        encode(0, size(), out);
        return out.toBuffer();
    }

    public BlockType type() {
        return column.type();
    }

    /** How many values there are, at least one. */
    public int size() {
        return times.length;
    }

    /** Nanoseconds since 1970; ascending with the index. */
    public long time(int index) {
        return times[index];
    }

    /** All times, ascending; the block's own array, which nobody changes. */
    public long[] times() {
        return times;
    }

    /** Whether the other block has values for the very same times. */
    public boolean sameTimes(TsmBlock other) {
        return Arrays.equals(times, other.times);
    }

    /** @throws IllegalStateException if this is not a {@link BlockType#FLOAT} block */
    public double floatAt(int index) {
        return column.as(Floats.class).values[index];
    }

    /**
     * All values; the block's own array, which nobody changes.
     *
     * @throws IllegalStateException if this is not a {@link BlockType#FLOAT} block
     */
    public double[] floats() {
        return column.as(Floats.class).values;
    }

    /**
     * The same of integers, signed or not.
     *
     * @throws IllegalStateException if this is neither an {@link BlockType#INTEGER} nor an unsigned block
     */
    public long[] integers() {
        return column.as(Integers.class).values;
    }

    /** @throws IllegalStateException if this is neither an {@link BlockType#INTEGER} nor an unsigned block */
    public long integerAt(int index) {
        return column.as(Integers.class).values[index];
    }

    /** @throws IllegalStateException if this is not a {@link BlockType#BOOLEAN} block */
    public boolean booleanAt(int index) {
        return column.as(Booleans.class).values[index];
    }

    /** A copy of the bytes. @throws IllegalStateException if this is not a {@link BlockType#STRING} block */
    public byte[] stringAt(int index) {
        return column.as(Strings.class).values[index].clone();
    }

    /** What is left of it, which may be all; null if nothing is. */
    @Nullable
    TsmBlock without(TimeSet deleted) {
        int[] kept = new int[size()];
        int n = 0;
        for (int i = 0; i < kept.length; i++) {
            if (!deleted.contains(times[i])) {
                kept[n++] = i;
            }
        }
        if (n == 0 || n == kept.length) {
            return n == 0 ? null : this;
        }
        int[] picked = Arrays.copyOf(kept, n);
        return new TsmBlock(Arrays.stream(picked).mapToLong(i -> times[i]).toArray(), n, column.pick(picked));
    }

    /** The same type, times and values; floats bit for bit. */
    @Override
    public boolean equals(Object other) {
        return other instanceof TsmBlock that && Arrays.equals(times, that.times) && column.same(that.column);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(times);
    }

    @Override
    public String toString() {
        return "%d %s values from %d to %d".formatted(size(), type(), times[0], times[size() - 1]);
    }

    private abstract static sealed class Column {

        abstract BlockType type();

        abstract void encode(int from, int to, Output out);

        abstract boolean same(Column other);

        abstract Column pick(int[] indexes);

        <T extends Column> T as(Class<T> wanted) {
            if (!wanted.isInstance(this)) {
                throw new IllegalStateException("this is a block of type " + type());
            }
            return wanted.cast(this);
        }

        static Column decode(BlockType type, Input in, int n) {
            return switch (type) {
                case FLOAT -> new Floats(FloatCodec.decode(in, n));
                case INTEGER, UNSIGNED -> new Integers(type, IntegerCodec.decode(in, n));
                case BOOLEAN -> new Booleans(BooleanCodec.decode(in, n));
                case STRING -> new Strings(StringCodec.decode(in, n));
            };
        }
    }

    private static final class Floats extends Column {
        private final double[] values;

        Floats(double[] values) {
            this.values = values;
        }

        @Override
        BlockType type() {
            return BlockType.FLOAT;
        }

        @Override
        boolean same(Column other) {
            return other instanceof Floats that && Arrays.equals(values, that.values);
        }

        @Override
        Column pick(int[] indexes) {
            return new Floats(Arrays.stream(indexes).mapToDouble(i -> values[i]).toArray());
        }

        @Override
        void encode(int from, int to, Output out) {
            FloatCodec.encode(values, from, to, out);
        }
    }

    private static final class Integers extends Column {
        private final BlockType type;
        private final long[] values;

        Integers(BlockType type, long[] values) {
            this.type = type;
            this.values = values;
        }

        @Override
        BlockType type() {
            return type;
        }

        @Override
        boolean same(Column other) {
            return other instanceof Integers that && type == that.type && Arrays.equals(values, that.values);
        }

        @Override
        Column pick(int[] indexes) {
            return new Integers(
                    type, Arrays.stream(indexes).mapToLong(i -> values[i]).toArray());
        }

        @Override
        void encode(int from, int to, Output out) {
            IntegerCodec.encode(values, from, to, out);
        }
    }

    private static final class Booleans extends Column {
        private final boolean[] values;

        Booleans(boolean[] values) {
            this.values = values;
        }

        @Override
        BlockType type() {
            return BlockType.BOOLEAN;
        }

        @Override
        boolean same(Column other) {
            return other instanceof Booleans that && Arrays.equals(values, that.values);
        }

        @Override
        Column pick(int[] indexes) {
            boolean[] picked = new boolean[indexes.length];
            for (int i = 0; i < picked.length; i++) {
                picked[i] = values[indexes[i]];
            }
            return new Booleans(picked);
        }

        @Override
        void encode(int from, int to, Output out) {
            BooleanCodec.encode(values, from, to, out);
        }
    }

    private static final class Strings extends Column {
        private final byte[][] values;

        Strings(byte[][] values) {
            this.values = values;
        }

        @Override
        BlockType type() {
            return BlockType.STRING;
        }

        @Override
        boolean same(Column other) {
            return other instanceof Strings that && Arrays.deepEquals(values, that.values);
        }

        @Override
        Column pick(int[] indexes) {
            return new Strings(Arrays.stream(indexes).mapToObj(i -> values[i]).toArray(byte[][]::new));
        }

        @Override
        void encode(int from, int to, Output out) {
            StringCodec.encode(values, from, to, out);
        }
    }
}
