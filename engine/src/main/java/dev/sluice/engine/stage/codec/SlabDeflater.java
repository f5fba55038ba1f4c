package dev.sluice.engine.stage.codec;

import java.nio.ByteBuffer;

/**
 * Working memory of one raw deflate compressor (RFC 1951) at a fixed level, used again and again, by one thread at
 * a time. Headers, checksums and the choice to store a slab are the engine's.
 */
public interface SlabDeflater extends AutoCloseable {

    /** What {@link #deflate} returns when the result does not fit. */
    int DOES_NOT_FIT = -1;

    /**
     * Compresses {@code raw} from position to limit into one complete deflate stream at the position of
     * {@code out}.
     *
     * @param raw direct; its position afterwards does not matter
     * @param out direct, possibly smaller than the result; its position afterwards does not matter
     * @return bytes written, or {@link #DOES_NOT_FIT}; the engine then stores the slab
     * @throws RuntimeException if the compressor fails; it is closed then and not used again
     */
    int deflate(ByteBuffer raw, ByteBuffer out);

    /** Frees the memory; called once. */
    @Override
    void close();
}
