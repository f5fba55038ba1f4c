package dev.sluice.engine.stage.codec;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/**
 * Watches how far an input expands, and tells a bomb from a backup. Equal blocks of series that never change shrink to next to
 * nothing, but each has an entry of 28 bytes and a key in its file's index, which do not; and the index comes after two
 * gigabytes at most. Deflate can do a thousand to one for ever, zstd tens of thousands.
 *
 * <p>Zeros are another matter: a stream archive fills up with them what is left of a file when its source fails, two
 * gigabytes at most each time. They count only when there are more than several such files' worth.
 */
final class Expansion {

    /** Bytes that come out of each that goes in, at most. */
    static final int MOST = 500;

    private static final long FREE = 4L << 30;
    private static final long FREE_ZEROS = 8L << 30;

    private final long free;
    private final long freeZeros;
    private long in;
    private long out;
    private long zeros;

    Expansion() {
        this(FREE, FREE_ZEROS);
    }

    /**
     * For tests.
     *
     * @param free bytes that may come out of anything
     * @param freeZeros zeros that do not count, in chunks of nothing else
     */
    Expansion(long free, long freeZeros) {
        this.free = free;
        this.freeZeros = freeZeros;
    }

    /** Whether all is well after a step that used up so many bytes and gave this chunk. */
    boolean bears(int used, ByteBuf chunk) {
        in += used;
        if (isZero(chunk)) {
            zeros += chunk.readableBytes();
        } else {
            out += chunk.readableBytes();
        }
        long counted = out + Math.max(0, zeros - freeZeros);
        return counted <= free || counted / MOST <= in;
    }

    private static boolean isZero(ByteBuf chunk) {
        ByteBuffer bytes = chunk.nioBuffer();
        while (bytes.remaining() >= Long.BYTES) {
            if (bytes.getLong() != 0) {
                return false;
            }
        }
        while (bytes.hasRemaining()) {
            if (bytes.get() != 0) {
                return false;
            }
        }
        return true;
    }
}
