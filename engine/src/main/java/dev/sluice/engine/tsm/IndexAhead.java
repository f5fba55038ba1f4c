package dev.sluice.engine.tsm;

import dev.sluice.engine.model.BlockSizes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Reads off the index of a TSM file how long its blocks are, before the file is read from its start. Of keys and times
 * nothing is kept, and nothing is judged: {@link FileCheck} meets the index again, behind the blocks.
 *
 * <p>What is found ends with the first entry that does not follow right behind the one before it, as all entries do that
 * influxd writes, with a record that is none, or with {@value #MOST_READ} bytes of index.
 */
public final class IndexAhead {

    private static final long MOST_READ = 64L << 20;
    private static final int WINDOW = 1 << 16;
    private static final int LARGEST = 1 << 20;

    private final Place place;
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW).limit(0);
    private long next; // place behind the window
    private final long end; // of what is read of the index
    private long expected = TsmWriter.HEADER; // in the file, where the next block should start

    /** Something that can be read anywhere, such as a file. */
    @FunctionalInterface
    public interface Place {
        /** As {@link java.nio.channels.FileChannel#read(ByteBuffer, long)}. */
        int read(ByteBuffer to, long at) throws IOException;
    }

    private IndexAhead(Place place, long start, long end) {
        this.place = place;
        this.next = start;
        this.end = Math.min(end, start + MOST_READ);
    }

    /**
     * The blocks of a TSM file. Reading may block. Memory: a window of {@value #WINDOW} bytes, and what comes out.
     *
     * @param place that the file lies in, alone or among others
     * @param start of the file there
     * @param size of the file
     * @return empty if nothing is found that could be believed
     */
    public static Optional<BlockSizes> read(Place place, long start, long size) throws IOException {
        long footer = start + size - TsmFile.FOOTER;
        ByteBuffer last = ByteBuffer.allocate(TsmFile.FOOTER);
        if (size < TsmWriter.HEADER + TsmFile.FOOTER || !fill(place, footer, last)) {
            return Optional.empty();
        }
        long index = last.flip().getLong();
        if (index <= TsmWriter.HEADER || index >= size - TsmFile.FOOTER) {
            return Optional.empty();
        }
        return Optional.of(new IndexAhead(place, start + index, footer).sizes(index));
    }

    private BlockSizes sizes(long blocksEnd) throws IOException {
        var sizes = new BlockSizes.Builder(TsmWriter.HEADER);
        while (key()) {
            for (int left = window.getShort() & 0xFFFF; left > 0; left--) {
                int size = need(TsmFile.ENTRY) ? size(blocksEnd) : 0;
                if (size == 0 || !sizes.add(size)) {
                    return sizes.build();
                }
            }
        }
        return sizes.build();
    }

    /** Goes to the number of a key's blocks, if there is one. */
    private boolean key() throws IOException {
        return need(2) && skip(window.getShort() & 0xFFFF) && need(3) && skip(1);
    }

    /** Of the block that follows right behind the one before it; 0 if there is none, or none that could be believed. */
    private int size(long blocksEnd) {
        int at = window.position();
        long offset = window.getLong(at + 16);
        int size = window.getInt(at + 24);
        if (offset != expected || size <= BlockScan.CRC || size > Math.min(LARGEST, blocksEnd - offset)) {
            return 0;
        }
        expected += size;
        window.position(at + TsmFile.ENTRY);
        return size;
    }

    /** Whether so many bytes are in the window, or could be brought there. */
    private boolean need(int count) throws IOException {
        if (window.remaining() >= count) {
            return true;
        }
        window.compact();
        long left = end - next;
        if (left + window.position() < count) {
            window.limit(0);
            return false;
        }
        window.limit((int) Math.min(window.capacity(), window.position() + left));
        int fresh = window.remaining();
        boolean there = fill(place, next, window);
        next += fresh;
        window.flip();
        return there;
    }

    private boolean skip(int count) throws IOException {
        int step = Math.min(count, window.remaining());
        window.position(window.position() + step);
        return step == count || (need(count - step) && skip(count - step));
    }

    private static boolean fill(Place place, long at, ByteBuffer bytes) throws IOException {
        long start = at - bytes.position();
        while (bytes.hasRemaining()) {
            if (place.read(bytes, start + bytes.position()) < 0) {
                return false; // it became shorter, which whoever reads its bytes finds
            }
        }
        return true;
    }
}
