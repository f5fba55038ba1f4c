package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a TSM file through its index. Header and footer are checked when it is opened, the index while it is gone
 * through; memory holds one read buffer and one key with its entries, whatever the size of the file.
 *
 * <p>Blocking. The channel stays the caller's to close.
 */
public final class TsmFile {

    private static final int FOOTER = 8;
    private static final int READ = 1 << 16;

    private final SeekableByteChannel channel;
    private final long indexStart;
    private final long indexEnd;

    private TsmFile(SeekableByteChannel channel, long indexStart, long indexEnd) {
        this.channel = channel;
        this.indexStart = indexStart;
        this.indexEnd = indexEnd;
    }

    /**
     * Checks header and footer.
     *
     * @throws TsmDamaged if this is not a TSM file, or one that was cut short
     */
    public static TsmFile open(SeekableByteChannel channel) throws IOException {
        long size = channel.size();
        if (size < TsmWriter.HEADER + FOOTER) {
            throw new TsmDamaged("file has only %d bytes".formatted(size), 0);
        }
        ByteBuffer header = read(channel, 0, TsmWriter.HEADER);
        int magic = header.getInt();
        int version = header.get();
        if (magic != TsmWriter.MAGIC || version != TsmWriter.VERSION) {
            throw new TsmDamaged("file starts with %08x%02x, want 16d116d101".formatted(magic, version), 0);
        }
        long start = read(channel, size - FOOTER, FOOTER).getLong();
        if (start < TsmWriter.HEADER || start >= size - FOOTER) {
            throw new TsmDamaged("footer says that the index starts at %d".formatted(start), size - FOOTER);
        }
        return new TsmFile(channel, start, size - FOOTER);
    }

    /** Receives the keys of a file, ascending. */
    @FunctionalInterface
    public interface IndexVisitor {

        /**
         * @param key series key, {@code #!~#}, field name
         * @param blocks ascending in time, at least one
         */
        void key(byte[] key, BlockType type, List<BlockEntry> blocks) throws IOException;
    }

    /**
     * What a file holds.
     *
     * @param minTime of all its points, nanoseconds since 1970
     * @param maxTime of all its points
     */
    public record Summary(long minTime, long maxTime, long keys, long blocks) {}

    /**
     * Goes through the index.
     *
     * @throws TsmDamaged as soon as a record is not well-formed, points outside the blocks or is out of order
     */
    public void forEachKey(IndexVisitor visitor) throws IOException {
        var in = new Window();
        byte[] before = {};
        while (in.offset() < indexEnd) {
            long at = in.offset();
            byte[] key = new byte[in.u16()];
            in.get(key);
            if (Arrays.compareUnsigned(before, key) >= 0) {
                throw new TsmDamaged("keys of the index do not ascend", at);
            }
            int code = in.u8();
            if (!BlockType.isCode(code)) {
                throw new TsmDamaged("index has a key of the unknown type " + code, at);
            }
            int count = in.u16();
            if (count == 0) {
                throw new TsmDamaged("index has a key without blocks", at);
            }
            var blocks = new ArrayList<BlockEntry>();
            for (int i = 0; i < count; i++) {
                blocks.add(entry(in, i == 0 ? null : blocks.get(i - 1)));
            }
            visitor.key(key, BlockType.ofCode(code), blocks);
            before = key;
        }
    }

    /** Goes through the index for its totals. */
    public Summary summary() throws IOException {
        long[] sum = {Long.MAX_VALUE, Long.MIN_VALUE, 0, 0};
        forEachKey((key, type, blocks) -> {
            sum[0] = Math.min(sum[0], blocks.get(0).minTime());
            sum[1] = Math.max(sum[1], blocks.get(blocks.size() - 1).maxTime());
            sum[2]++;
            sum[3] += blocks.size();
        });
        return new Summary(sum[0], sum[1], sum[2], sum[3]);
    }

    /** The bytes of a block as they are, checksum included. */
    public ByteBuffer block(BlockEntry entry) throws IOException {
        return read(channel, entry.offset(), entry.size());
    }

    private BlockEntry entry(Window in, @Nullable BlockEntry before) throws IOException {
        long at = in.offset();
        var entry = new BlockEntry(in.u64(), in.u64(), in.u64(), in.u32());
        boolean inside =
                entry.offset() >= TsmWriter.HEADER && entry.size() > 4 && entry.offset() <= indexStart - entry.size();
        if (!inside) {
            throw new TsmDamaged(
                    "index has a block of %d bytes at %d".formatted(entry.size() & 0xFFFFFFFFL, entry.offset()), at);
        }
        if (entry.maxTime() < entry.minTime() || (before != null && entry.minTime() <= before.maxTime())) {
            throw new TsmDamaged("times of the index do not ascend", at);
        }
        return entry;
    }

    private static ByteBuffer read(SeekableByteChannel channel, long offset, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        fill(channel, offset, bytes);
        return bytes.flip();
    }

    private static void fill(SeekableByteChannel channel, long offset, ByteBuffer bytes) throws IOException {
        channel.position(offset);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new TsmDamaged("file became shorter while it was read", offset + bytes.position());
            }
        }
    }

    /** The index through a buffer of fixed size. */
    private final class Window {

        private final ByteBuffer bytes = ByteBuffer.allocate(READ).limit(0);
        private long end = indexStart; // offset in the file of the buffer's limit

        long offset() {
            return end - bytes.remaining();
        }

        int u8() throws IOException {
            need(1);
            return bytes.get() & 0xFF;
        }

        int u16() throws IOException {
            need(2);
            return bytes.getShort() & 0xFFFF;
        }

        int u32() throws IOException {
            need(4);
            return bytes.getInt();
        }

        long u64() throws IOException {
            need(8);
            return bytes.getLong();
        }

        void get(byte[] target) throws IOException {
            int done = 0;
            while (done < target.length) {
                need(1);
                int step = Math.min(target.length - done, bytes.remaining());
                bytes.get(target, done, step);
                done += step;
            }
        }

        private void need(int count) throws IOException {
            if (bytes.remaining() >= count) {
                return;
            }
            if (indexEnd - offset() < count) {
                throw new TsmDamaged("index ends in the middle of a record", offset());
            }
            bytes.compact();
            bytes.limit((int) Math.min(bytes.capacity(), bytes.position() + (indexEnd - end)));
            int fresh = bytes.remaining();
            fill(channel, end, bytes);
            end += fresh;
            bytes.flip();
        }
    }
}
