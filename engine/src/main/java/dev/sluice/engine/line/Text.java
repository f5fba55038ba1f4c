package dev.sluice.engine.line;

import io.netty.buffer.ByteBuf;

/** A finished piece of text: the first {@code length} bytes of an array that nobody writes to any more. */
public final class Text {

    private final byte[] bytes;
    private final int length;
    private final TextPool pool;

    Text(byte[] bytes, int length, TextPool pool) {
        this.bytes = bytes;
        this.length = length;
        this.pool = pool;
    }

    public int length() {
        return length;
    }

    /** The bytes as a buffer on the heap, without a copy. Once: when it is released, the array gets other text. */
    public ByteBuf toByteBuf() {
        return pool.buffer(bytes, length);
    }
}
