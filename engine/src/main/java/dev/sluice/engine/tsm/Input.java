package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.nio.ByteBuffer;

/** Reads a part of a block; every overrun is a {@link TsmDamaged} with the offset in the block. */
final class Input {

    private final ByteBuffer bytes;
    private final int start;

    /** From the buffer's position to its limit; the buffer's position moves. */
    Input(ByteBuffer bytes) {
        this(bytes, bytes.position());
    }

    private Input(ByteBuffer bytes, int start) {
        this.bytes = bytes;
        this.start = start;
    }

    int offset() {
        return bytes.position() - start;
    }

    int remaining() {
        return bytes.remaining();
    }

    int u8() {
        need(1);
        return bytes.get() & 0xFF;
    }

    int u16() {
        need(2);
        return bytes.getShort() & 0xFFFF;
    }

    int u32() {
        need(4);
        return bytes.getInt();
    }

    long u64() {
        need(8);
        return bytes.getLong();
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
        bytes.get(target, from, count);
    }

    /** The next {@code count} bytes as an input of their own, with the same offsets. */
    Input part(int count) {
        need(count);
        var part = bytes.duplicate();
        part.limit(bytes.position() + count);
        bytes.position(bytes.position() + count);
        return new Input(part, start);
    }

    /** The same rest once more: reading it does not move this input. */
    Input look() {
        return new Input(bytes.duplicate(), start);
    }

    TsmDamaged damaged(String problem) {
        return new TsmDamaged(problem, offset());
    }

    void end(String what) {
        if (bytes.hasRemaining()) {
            throw damaged("%d bytes are left over after %s".formatted(bytes.remaining(), what));
        }
    }

    private void need(int count) {
        if (bytes.remaining() < count) {
            throw damaged("data ends early");
        }
    }
}
