package dev.sluice.engine.tsm;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Reads the keys of a TSM file off its end while the file goes by: its blocks are neither looked at nor kept. Holds the
 * last part of one file, at most {@value #MOST} bytes; used for one file after the other by one thread at a time.
 */
public final class IndexTail {

    static final int MOST = 2 << 20;

    private byte[] kept = {};
    private long size;
    private long from; // in the file, of kept[0]
    private long position;

    /** @param length of the file that begins, bytes */
    public void begin(long length) {
        size = length;
        position = 0;
        int most = (int) Math.min(MOST, length);
        from = length - most;
        if (kept.length < most) {
            kept = new byte[most];
        }
    }

    /** The next bytes of the file. The buffer stays the caller's, and its indices do not move. */
    public void feed(ByteBuf bytes) {
        int length = bytes.readableBytes();
        long skipped = Math.max(0, Math.min(length, from - position));
        int count = (int) Math.min(length - skipped, size - position - skipped);
        if (count > 0) {
            bytes.getBytes(bytes.readerIndex() + (int) skipped, kept, (int) (position + skipped - from), count);
        }
        position += length;
    }

    /**
     * The file has ended.
     *
     * @return false if its index is longer than what was kept, or is none: what was told is not all of it then
     */
    public boolean end(FileCheck.KeyListener keys) {
        if (position != size || size < TsmWriter.HEADER + TsmFile.FOOTER) {
            return false;
        }
        int end = (int) (size - from) - TsmFile.FOOTER;
        long start = (long) Bytes.U64.get(kept, end) - from;
        return start >= 0 && start < end && told((int) start, end, keys);
    }

    private boolean told(int start, int end, FileCheck.KeyListener keys) {
        int at = start;
        while (at < end) {
            int typeAt = at + 2 + (at + 2 <= end ? u16(at) : end);
            if (typeAt + 3 > end || !BlockType.isCode(kept[typeAt] & 0xFF)) {
                return false;
            }
            keys.key(Arrays.copyOfRange(kept, at + 2, typeAt), BlockType.ofCode(kept[typeAt] & 0xFF));
            at = typeAt + 3 + TsmFile.ENTRY * u16(typeAt + 1);
        }
        return at == end;
    }

    private int u16(int at) {
        return (kept[at] & 0xFF) << 8 | kept[at + 1] & 0xFF;
    }
}
