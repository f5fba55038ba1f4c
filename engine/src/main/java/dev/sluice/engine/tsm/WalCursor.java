package dev.sluice.engine.tsm;

import org.jspecify.annotations.Nullable;

/**
 * Goes through a write of a WAL key by key and value by value, where they lie: nothing is copied but what is asked for.
 * The same key may come again. One thread.
 */
public final class WalCursor {

    private final Input in;
    private @Nullable BlockType type;
    private byte[] key = {};
    private int left;
    private long time;
    private long bits; // of a number or boolean
    private int string; // index in the array of what a string is made of
    private int length;

    /** @param in a write that was found well-formed */
    WalCursor(Input in) {
        this.in = in;
    }

    /** Goes to the next key, past what is left of this one; false if there is none. */
    public boolean nextKey() {
        skip();
        if (in.remaining() == 0) {
            return false;
        }
        type = WalEntry.Write.type(in);
        key = new byte[in.u16()];
        in.get(key, 0, key.length);
        left = (int) WalEntry.Write.count(in);
        return true;
    }

    /** Series key, {@code #!~#}, field name. */
    public byte[] key() {
        return key;
    }

    /** Type of all values of the key. */
    public BlockType type() {
        BlockType now = type;
        if (now == null) {
            throw new IllegalStateException("there is no key before nextKey()");
        }
        return now;
    }

    /** Goes to the next value of the key; false if there is none. */
    public boolean next() {
        if (left == 0) {
            return false;
        }
        left--;
        time = in.u64();
        switch (type()) {
            case BOOLEAN -> bits = in.u8() == 1 ? 1 : 0;
            case STRING -> {
                length = WalReader.length(in);
                string = in.index();
                in.goTo(string + length);
            }
            default -> bits = in.u64();
        }
        return true;
    }

    /** Nanoseconds since 1970. */
    public long time() {
        return time;
    }

    /** @throws IllegalStateException if this is not of {@link BlockType#FLOAT} */
    public double asFloat() {
        return Double.longBitsToDouble(bits(BlockType.FLOAT, BlockType.FLOAT));
    }

    /** @throws IllegalStateException if this is neither of {@link BlockType#INTEGER} nor unsigned */
    public long asInteger() {
        return bits(BlockType.INTEGER, BlockType.UNSIGNED);
    }

    /** @throws IllegalStateException if this is not of {@link BlockType#BOOLEAN} */
    public boolean asBoolean() {
        return bits(BlockType.BOOLEAN, BlockType.BOOLEAN) != 0;
    }

    /** A copy of the bytes. @throws IllegalStateException if this is not of {@link BlockType#STRING} */
    public byte[] asString() {
        if (type != BlockType.STRING) {
            throw new IllegalStateException("this is a value of type " + type);
        }
        byte[] copy = new byte[length];
        System.arraycopy(in.array(), string, copy, 0, length);
        return copy;
    }

    /** What is left of the key, copied; then nothing is. */
    WalPoints points() {
        var points = new WalPoints(type(), left);
        while (next()) {
            if (type == BlockType.STRING) {
                points.add(time, asString());
            } else {
                points.add(time, bits);
            }
        }
        return points;
    }

    private void skip() {
        while (next()) {
            // a string tells only itself where it ends
        }
    }

    private long bits(BlockType one, BlockType other) {
        if (type != one && type != other) {
            throw new IllegalStateException("this is a value of type " + type);
        }
        return bits;
    }
}
