package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.nio.ByteBuffer;

/** Reads a part of a block; every overrun is a {@link TsmDamaged} with the offset in the block. */
final class Input {

    private final byte[] bytes;
    private final int start;
    private final int end;
    private int at;

    Input(byte[] bytes) {
        this(bytes, 0, bytes.length, 0);
    }

    /** @param from first byte to read, from which offsets count */
    Input(byte[] bytes, int from, int to) {
        this(bytes, from, to, from);
    }

    private Input(byte[] bytes, int from, int to, int start) {
        this.bytes = bytes;
        this.at = from;
        this.end = to;
        this.start = start;
    }

    /** All that remains in a buffer, whose position moves to its limit; copied if the buffer has no array. */
    static Input of(ByteBuffer buffer) {
        if (buffer.hasArray()) {
            int from = buffer.arrayOffset() + buffer.position();
            int count = buffer.remaining();
            buffer.position(buffer.limit());
            return new Input(buffer.array(), from, from + count);
        }
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(copy);
        return new Input(copy);
    }

    int offset() {
        return at - start;
    }

    int remaining() {
        return end - at;
    }

    /** What it reads from, for those who read by themselves and {@linkplain #goTo tell} how far they came. */
    byte[] array() {
        return bytes;
    }

    /** Index in the array of the next byte. */
    int index() {
        return at;
    }

    /** Index in the array behind the last byte. */
    int end() {
        return end;
    }

    /** @param index in the array of the byte to be read next, at most {@link #end()} */
    void goTo(int index) {
        at = index;
    }

    int u8() {
        need(1);
        return bytes[at++] & 0xFF;
    }

    int u16() {
        need(2);
        int value = (short) Bytes.U16.get(bytes, at) & 0xFFFF;
        at += 2;
        return value;
    }

    int u32() {
        need(4);
        int value = (int) Bytes.U32.get(bytes, at);
        at += 4;
        return value;
    }

    long u64() {
        need(8);
        long value = (long) Bytes.U64.get(bytes, at);
        at += 8;
        return value;
    }

    long uvarint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int b = u8();
            if (shift == 63 && b > 1) {
                break;
            }
            value |= (b & 0x7FL) << shift;
            if (b < 0x80) {
                return value;
            }
        }
        throw damaged("a number is longer than 64 bits");
    }

    /** A count or length: at most {@code limit}. */
    int count(String what, long limit) {
        long value = uvarint();
        if (value < 0 || value > limit) {
            throw damaged("%s is %s, more than can be".formatted(what, Long.toUnsignedString(value)));
        }
        return (int) value;
    }

    void get(byte[] target, int from, int count) {
        need(count);
        System.arraycopy(bytes, at, target, from, count);
        at += count;
    }

    /** The next {@code count} bytes as an input of their own, with the same offsets. */
    Input part(int count) {
        need(count);
        var part = new Input(bytes, at, at + count, start);
        at += count;
        return part;
    }

    /** The same rest once more: reading it does not move this input. */
    Input look() {
        return new Input(bytes, at, end, start);
    }

    TsmDamaged damaged(String problem) {
        return new TsmDamaged(problem, offset());
    }

    TsmDamaged endsEarly() {
        return damaged("data ends early");
    }

    void end(String what) {
        if (at < end) {
            throw damaged("%d bytes are left over after %s".formatted(end - at, what));
        }
    }

    private void need(int count) {
        if (end - at < count) {
            throw endsEarly();
        }
    }
}
