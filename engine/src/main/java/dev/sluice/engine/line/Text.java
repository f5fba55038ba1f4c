package dev.sluice.engine.line;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** A finished piece of text: the first {@code length} bytes of an array that nobody writes to any more. */
public final class Text {

    private final byte[] bytes;
    private final int length;

    Text(byte[] bytes, int length) {
        this.bytes = bytes;
        this.length = length;
    }

    public int length() {
        return length;
    }

    /** The bytes as a buffer on the heap, without a copy. */
    public ByteBuf toByteBuf() {
        return Unpooled.wrappedBuffer(bytes, 0, length);
    }
}
