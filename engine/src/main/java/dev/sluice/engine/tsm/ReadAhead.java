package dev.sluice.engine.tsm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/** Parts of a file that are asked for in about ascending order: read in large pieces. */
final class ReadAhead {

    private static final int PIECE = 1 << 18;

    private final SeekableByteChannel channel;
    private final long end;
    private final int usual;
    private ByteBuffer piece;
    private long start;

    /** @param end of what is read ahead */
    ReadAhead(SeekableByteChannel channel, long end) {
        this(channel, end, PIECE);
    }

    /** @param usual bytes that are read at a time, unless more are asked for */
    ReadAhead(SeekableByteChannel channel, long end, int usual) {
        this.channel = channel;
        this.end = end;
        this.usual = usual;
        piece = allocate(usual).limit(0);
    }

    /**
     * Bytes {@code [offset, offset + size)}, which lie before the end; they are good until the next call, and
     * {@value BlockScan#SLACK} bytes follow them in the array.
     */
    ByteBuffer bytes(long offset, int size) throws IOException {
        boolean there = offset >= start && offset + size <= start + piece.limit();
        if (!there) {
            if (piece.capacity() - BlockScan.SLACK < size || piece.capacity() > Math.max(size, usual) * 2L) {
                piece = allocate(Math.max(size, usual));
            }
            piece.clear().limit((int) Math.min(piece.capacity() - BlockScan.SLACK, end - offset));
            TsmFile.fill(channel, offset, piece);
            piece.flip();
            start = offset;
        }
        return piece.slice((int) (offset - start), size);
    }

    private static ByteBuffer allocate(int size) {
        return ByteBuffer.allocate(size + BlockScan.SLACK);
    }
}
