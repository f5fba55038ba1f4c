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
 * through, a block when it is read. Memory holds one read buffer and one key with its entries for each cursor,
 * whatever the size of the file; looking up keys takes up to {@value #SAMPLES} bytes more.
 *
 * <p>Blocking; cursors of one file share its channel, so they belong to one thread. The channel stays the caller's
 * to close.
 */
public final class TsmFile {

    /** The largest block that is read: what 10 million values of the widest encoding take is less. */
    static final int MAX_BLOCK = 192 << 20;

    static final int FOOTER = 8;

    private static final int READ = 1 << 16;
    private static final int SAMPLES = 4 << 20;
    /** Bytes of a block's entry in the index. */
    static final int ENTRY = 28;

    private final SeekableByteChannel channel;
    private final long indexStart;
    private final long indexEnd;
    private @Nullable List<Sample> samples;

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

    /** Where the index starts, which is where the blocks end. */
    long indexStart() {
        return indexStart;
    }

    /** A cursor before the first key. */
    public Cursor index() {
        return index(READ);
    }

    /** @param window bytes that it reads at a time */
    Cursor index(int window) {
        return new Cursor(indexStart, new byte[0], window);
    }

    /**
     * A cursor before the first key that is not less than {@code key}. The first call goes through the whole index
     * and keeps a key out of every few, later ones read only a small part of it.
     *
     * @throws TsmDamaged if the index is not well-formed
     */
    public Cursor from(byte[] key) throws IOException {
        if (samples == null) {
            samples = samples();
        }
        int low = 0;
        int high = samples.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Arrays.compareUnsigned(samples.get(middle).key, key) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        var cursor = low == 0 ? index() : new Cursor(samples.get(low - 1).next, samples.get(low - 1).key, READ);
        cursor.skipTo(key);
        return cursor;
    }

    private List<Sample> samples() throws IOException {
        var kept = new ArrayList<Sample>();
        long stride = READ;
        long memory = 0;
        long last = indexStart;
        var cursor = index();
        while (cursor.next()) {
            if (cursor.in.offset() - last < stride) {
                continue;
            }
            last = cursor.in.offset();
            kept.add(new Sample(cursor.key, last));
            memory += cursor.key.length + 64;
            if (memory > SAMPLES) {
                stride *= 2;
                memory = 0;
                for (int i = 0; i < kept.size() / 2; i++) {
                    kept.set(i, kept.get(2 * i + 1));
                    memory += kept.get(i).key.length + 64;
                }
                kept.subList(kept.size() / 2, kept.size()).clear();
            }
        }
        return kept;
    }

    /**
     * Goes through the index.
     *
     * @throws TsmDamaged as soon as a record is not well-formed, points outside the blocks or is out of order
     */
    public void forEachKey(IndexVisitor visitor) throws IOException {
        var cursor = index();
        while (cursor.next()) {
            visitor.key(cursor.key, cursor.type, cursor.blocks);
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
        return read(channel, entry.offset(), sizeOf(entry));
    }

    /**
     * The values of a block, after its checksum and what the index says of it were checked.
     *
     * @param type of the key that the block belongs to
     */
    public TsmBlock values(BlockType type, BlockEntry entry) throws IOException {
        return values(type, entry, block(entry));
    }

    static TsmBlock values(BlockType type, BlockEntry entry, ByteBuffer bytes) {
        TsmBlock block;
        try {
            block = TsmBlock.decode(bytes);
        } catch (TsmDamaged e) {
            throw new TsmDamaged(e.problem(), entry.offset() + e.offset());
        }
        boolean same = block.type() == type
                && block.time(0) == entry.minTime()
                && block.time(block.size() - 1) == entry.maxTime();
        if (!same) {
            throw new TsmDamaged(
                    "index has %s values from %d to %d where there are %s"
                            .formatted(type, entry.minTime(), entry.maxTime(), block),
                    entry.offset());
        }
        return block;
    }

    static int sizeOf(BlockEntry entry) {
        if (entry.size() > MAX_BLOCK) {
            throw new TsmDamaged(
                    "block has %d bytes, %d are the most that is read".formatted(entry.size(), MAX_BLOCK),
                    entry.offset());
        }
        return entry.size();
    }

    /** A key that was seen, and where the record after it starts. */
    private static final class Sample {
        final byte[] key;
        final long next;

        Sample(byte[] key, long next) {
            this.key = key;
            this.next = next;
        }
    }

    /** Goes through the keys of the index, ascending: {@link #next()} first, then what it stands on. */
    public final class Cursor {

        private final Window in;
        private byte[] key;
        private BlockType type = BlockType.FLOAT;
        private List<BlockEntry> blocks = List.of();
        private boolean stay; // the next call of next() changes nothing

        private Cursor(long start, byte[] before, int window) {
            in = new Window(start, window);
            key = before;
        }

        /**
         * Goes to the next key.
         *
         * @return whether there is one
         * @throws TsmDamaged if its record is not well-formed, points outside the blocks or is out of order
         */
        public boolean next() throws IOException {
            if (stay) {
                stay = false;
                return true;
            }
            if (in.offset() == indexEnd) {
                return false;
            }
            long at = in.offset();
            byte[] next = new byte[in.u16()];
            in.get(next);
            if (Arrays.compareUnsigned(key, next) >= 0) {
                throw new TsmDamaged("keys of the index do not ascend", at);
            }
            key = next;
            int code = in.u8();
            if (!BlockType.isCode(code)) {
                throw new TsmDamaged("index has a key of the unknown type " + code, at);
            }
            type = BlockType.ofCode(code);
            int count = in.u16();
            if (count == 0) {
                throw new TsmDamaged("index has a key without blocks", at);
            }
            var entries = new ArrayList<BlockEntry>(Math.min(count, (int) (in.left() / ENTRY) + 1));
            for (int i = 0; i < count; i++) {
                entries.add(entry(i == 0 ? null : entries.get(i - 1)));
            }
            blocks = entries;
            return true;
        }

        /** Series key, {@code #!~#}, field name. */
        public byte[] key() {
            return key;
        }

        public BlockType type() {
            return type;
        }

        /** Ascending in time, at least one; the list is not changed later. */
        public List<BlockEntry> blocks() {
            return blocks;
        }

        private void skipTo(byte[] wanted) throws IOException {
            while (next()) {
                if (Arrays.compareUnsigned(key, wanted) >= 0) {
                    stay = true;
                    return;
                }
            }
        }

        private BlockEntry entry(@Nullable BlockEntry before) throws IOException {
            long at = in.offset();
            var entry = new BlockEntry(in.u64(), in.u64(), in.u64(), in.u32());
            boolean inside = entry.offset() >= TsmWriter.HEADER
                    && entry.size() > 4
                    && entry.offset() <= indexStart - entry.size();
            if (!inside) {
                throw new TsmDamaged(
                        "index has a block of %d bytes at %d".formatted(entry.size() & 0xFFFFFFFFL, entry.offset()),
                        at);
            }
            if (entry.maxTime() < entry.minTime() || (before != null && entry.minTime() <= before.maxTime())) {
                throw new TsmDamaged("times of the index do not ascend", at);
            }
            return entry;
        }
    }

    private static ByteBuffer read(SeekableByteChannel channel, long offset, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        fill(channel, offset, bytes);
        return bytes.flip();
    }

    static void fill(SeekableByteChannel channel, long offset, ByteBuffer bytes) throws IOException {
        channel.position(offset);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new TsmDamaged("file became shorter while it was read", offset + bytes.position());
            }
        }
    }

    /** The index through a buffer of fixed size. */
    private final class Window {

        private final ByteBuffer bytes;
        private long end; // offset in the file of the buffer's limit

        Window(long start, int size) {
            bytes = ByteBuffer.allocate(size).limit(0);
            end = start;
        }

        long offset() {
            return end - bytes.remaining();
        }

        /** Bytes until the end of the index. */
        long left() {
            return indexEnd - offset();
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
