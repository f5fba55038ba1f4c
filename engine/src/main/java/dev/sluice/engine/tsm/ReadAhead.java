package dev.sluice.engine.tsm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/** Parts of a file that are asked for in about ascending order: read in large pieces. */
final class ReadAhead {

    private static final int PIECE = 1 << 18;

    private final SeekableByteChannel channel;
    private final long end;
    private ByteBuffer piece = ByteBuffer.allocate(PIECE).limit(0);
    private long start;

    /** @param end of what is read ahead */
    ReadAhead(SeekableByteChannel channel, long end) {
        this.channel = channel;
        this.end = end;
    }

    /** Bytes {@code [offset, offset + size)}, which lie before the end; they are good until the next call. */
    ByteBuffer bytes(long offset, int size) throws IOException {
        boolean there = offset >= start && offset + size <= start + piece.limit();
        if (!there) {
            if (piece.capacity() < size || piece.capacity() > Math.max(size, PIECE) * 2L) {
                piece = ByteBuffer.allocate(Math.max(size, PIECE));
            }
            piece.clear().limit((int) Math.min(piece.capacity(), end - offset));
            TsmFile.fill(channel, offset, piece);
            piece.flip();
            start = offset;
        }
        return piece.slice((int) (offset - start), size);
    }
}
