package dev.sluice.engine.stage.codec;

import io.netty.buffer.ByteBuf;

/**
 * Turns a slab of raw bytes into one complete piece of a compressed file: a gzip member or a zstd frame. Pieces
 * in the order of their slabs, with nothing between them, are the whole file, and a slab of 0 bytes is a valid
 * piece too.
 *
 * <p>Safe for many threads at once. It computes and never waits, but for milliseconds a slab: call it on threads
 * made for work, not on an event loop. Working memory is kept per call in progress, so that the number of
 * threads bounds it, and is reused by later calls until {@link #close()}.
 */
public interface SlabEncoder extends AutoCloseable {

    /** Longest file name that {@link #encodeFirst} takes, in characters. */
    int MAX_NAME = 255;

    /** Which encoder this is, for reports and logs: {@code gzip:6 by libdeflate}. */
    String name();

    /**
     * Bytes that a piece of {@code rawBytes} takes at most, the header of a first piece included.
     *
     * @throws IllegalArgumentException if {@code rawBytes} is negative or the piece may exceed 2 GiB
     */
    int bound(int rawBytes);

    /**
     * Appends one piece that holds the readable bytes of {@code raw}.
     *
     * <p>{@code raw} is only read: its indices and reference count stay as they are, and both buffers still belong
     * to the caller. Direct buffers in one part are used in place, others cost a copy.
     *
     * @param out has at least {@link #bound} writable bytes; unchanged in its readable bytes when this throws
     * @throws dev.sluice.engine.error.EncoderFailed if the codec fails
     * @throws IllegalArgumentException if {@code out} is too small
     * @throws IllegalStateException after {@link #close()}
     */
    void encode(ByteBuf raw, ByteBuf out);

    /**
     * Like {@link #encode} for the first piece of a file: a gzip header is the one that {@code influxd backup}
     * writes, with the name in it. Formats without such a header ignore the name.
     *
     * @param originalName name of the file before compression, {@code <stamp>.s<id>.tar}
     * @throws IllegalArgumentException if the name is longer than {@link #MAX_NAME}, has a NUL or a character
     *     outside ISO 8859-1, which is what gzip allows
     */
    default void encodeFirst(ByteBuf raw, ByteBuf out, String originalName) {
        encode(raw, out);
    }

    /** Frees working memory: what is idle now, what is in use as soon as its call returns. May be repeated. */
    @Override
    void close();
}
