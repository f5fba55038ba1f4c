package dev.sluice.engine.stage.codec;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** State of one compressed input on its way back to raw bytes; one thread at a time. */
interface Decoder {

    /** Most bytes that one step gives out. */
    int CHUNK = 128 * 1024;

    /** Least bytes to allocate for a step, so that small inputs do not make tiny buffers. */
    int SMALL_CHUNK = 1024;

    /**
     * Decodes until one chunk is full or the input is used up.
     *
     * @param in direct; its position moves
     * @return a chunk with at least one byte, owned by the caller, or null when more input is needed
     * @throws dev.sluice.engine.error.CompressedDataDamaged if the input is not what it should be
     */
    @Nullable
    ByteBuf step(ByteBuffer in);

    /** Whether {@link #step} may have more to give without more input. */
    boolean pending();

    /**
     * The input has ended.
     *
     * @throws dev.sluice.engine.error.CompressedDataDamaged if it should not have ended here
     */
    void finish();

    /** Frees native memory; called once, last. */
    void free();

    /** Room for a step: a full chunk if output is waiting, else what the input will probably become. */
    static int room(int input, boolean pending) {
        return pending ? CHUNK : (int) Math.max(SMALL_CHUNK, Math.min(CHUNK, input * 4L));
    }
}
