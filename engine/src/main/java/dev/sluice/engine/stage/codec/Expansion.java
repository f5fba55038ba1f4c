package dev.sluice.engine.stage.codec;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/**
 * Watches how far an input expands, and tells a bomb from a backup.
 *
 * <p>How much a backup can shrink: TSM files are packed already, but text that never changes packs each block in nearly
 * the same way. Files of nothing but such text, of a few hundred characters a point, shrink to a 500th with gzip's level 9
 * and to a 4,000th with zstd; floats that never change, to a 33rd and a 93rd. Deflate can do 1,032 to one at most, and
 * equal bytes come near; zstd does more than 20,000 with them. The limits lie between. What a person could still make on
 * purpose, gigabytes of points with kilobytes of one letter each, is refused too.
 *
 * <p>Zeros are another matter: a stream archive fills up with them what is left of a file when its source fails, two
 * gigabytes at most each time. They count only when there are more than several such files' worth, and even then each
 * megabyte of anything else pays for a gigabyte of them at least. A TSM file has none to speak of.
 */
final class Expansion {

    /** Bytes that come out of each that goes in, at most. */
    static final int MOST_OF_GZIP = 1_000;

    static final int MOST_OF_ZSTD = 10_000;

    private static final long FREE = 4L << 30;
    private static final long FREE_ZEROS = 8L << 30;

    private final int most;
    private final long free;
    private final long freeZeros;
    private long in;
    private long out;
    private long zeros;

    Expansion(int most) {
        this(most, FREE, FREE_ZEROS);
    }

    /**
     * For tests.
     *
     * @param free bytes that may come out of anything
     * @param freeZeros zeros that do not count, in chunks of nothing else
     */
    Expansion(int most, long free, long freeZeros) {
        this.most = most;
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
        return counted <= free || counted / most <= in;
    }

    int most() {
        return most;
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
