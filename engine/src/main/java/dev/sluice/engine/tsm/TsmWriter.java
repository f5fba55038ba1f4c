package dev.sluice.engine.tsm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes one TSM file: keys ascending, blocks in the order of the index, then index and footer.
 *
 * <p>The index can only be written when all blocks are. Until then it waits in memory (the keys and 28 bytes for each
 * block), or, where a scratch was given, all but the last {@value #SPILL_AT} bytes of it wait there.
 *
 * <p>Blocking. Owns the channel: {@link #close()} closes it, finished or not.
 */
public final class TsmWriter implements AutoCloseable {

    /** influxd ends a file when data and index are larger than this, and goes on with the next one. */
    public static final long USUAL_SIZE = 2L << 30;

    static final int MAGIC = 0x16D116D1;
    static final int VERSION = 1;
    static final int HEADER = 5;
    static final int MAX_KEY = 0xFFFF;
    static final int MAX_ENTRIES = 0xFFFF;

    private static final int FLUSH_AT = 1 << 18;
    private static final int SPILL_AT = 4 << 20;

    private final WritableByteChannel channel;
    private final @Nullable Scratch scratch;
    private final Output pending = new Output(FLUSH_AT + (1 << 16));
    private final Output index = new Output(1 << 14);
    private @Nullable SeekableByteChannel spilled;
    private long spilledBytes;
    private long position;
    private byte @Nullable [] key;
    private @Nullable BlockType type;
    private int countAt;
    private int entries;
    private long lastTime;
    private boolean finished;

    public TsmWriter(WritableByteChannel channel) {
        this(channel, null);
    }

    /** @param scratch for an index that gets large, or null to keep it in memory */
    public TsmWriter(WritableByteChannel channel, @Nullable Scratch scratch) {
        this.channel = channel;
        this.scratch = scratch;
        pending.u32(MAGIC);
        pending.u8(VERSION);
        position = HEADER;
    }

    /**
     * Appends values of a key, in blocks of {@value TsmBlock#USUAL_VALUES}. The same key may come several times in a
     * row, with later and later times.
     *
     * @param next series key, {@code #!~#}, field name; not before the last one in unsigned byte order
     * @throws IllegalArgumentException if keys or times go back, or the type changes within a key
     */
    public void write(byte[] next, TsmBlock values) throws IOException {
        begin(next, values.type(), values.time(0));
        for (int from = 0; from < values.size(); from += TsmBlock.USUAL_VALUES) {
            append(values, from, Math.min(values.size(), from + TsmBlock.USUAL_VALUES));
        }
    }

    /** The same with all values in one block. */
    public void writeBlock(byte[] next, TsmBlock values) throws IOException {
        begin(next, values.type(), values.time(0));
        append(values, 0, values.size());
    }

    /**
     * Appends a block as another file has it, byte for byte.
     *
     * @param encoded from its checksum on; not looked into
     * @param entry what the other file's index says of it
     */
    void writeEncoded(byte[] next, BlockType nextType, BlockEntry entry, ByteBuffer encoded) throws IOException {
        begin(next, nextType, entry.minTime());
        entry(entry.minTime(), entry.maxTime(), encoded.remaining());
        if (pending.length() + encoded.remaining() > FLUSH_AT) {
            flush(pending);
        }
        if (encoded.remaining() > FLUSH_AT) {
            drain(encoded);
        } else {
            pending.put(encoded);
        }
    }

    /** Bytes of the file if it were finished now. */
    public long size() {
        return position + spilledBytes + index.length() + TsmFile.FOOTER;
    }

    /** Whether influxd would end the file here: it is large, or its last key can have no more blocks. */
    public boolean isFull() {
        return size() > USUAL_SIZE || entries == MAX_ENTRIES;
    }

    /** Whether nothing was written: then there is no file to finish. */
    public boolean isEmpty() {
        return key == null;
    }

    /** Writes index and footer. The file is complete after this, not before. */
    public void finish() throws IOException {
        if (finished) {
            throw new IllegalStateException("finished already");
        }
        if (key == null) {
            throw new IllegalStateException("a TSM file has at least one value");
        }
        finished = true;
        endKey();
        flush(pending);
        if (spilled != null) {
            bringBack(spilled);
        }
        index.u64(position);
        flush(index);
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            if (spilled != null) {
                spilled.close();
            }
        }
    }

    private void begin(byte[] next, BlockType nextType, long firstTime) throws IOException {
        if (finished) {
            throw new IllegalStateException("finished already");
        }
        int order = key == null ? 1 : Arrays.compareUnsigned(next, key);
        if (order < 0) {
            throw new IllegalArgumentException("keys go back");
        }
        if (order == 0) {
            if (type != nextType) {
                throw new IllegalArgumentException("a key has values of %s and %s".formatted(type, nextType));
            }
            if (firstTime <= lastTime) {
                throw new IllegalArgumentException(
                        "times of a key go back: %d after %d".formatted(firstTime, lastTime));
            }
            return;
        }
        if (next.length == 0 || next.length > MAX_KEY) {
            throw new IllegalArgumentException("a key has 1 to %d bytes, not %d".formatted(MAX_KEY, next.length));
        }
        endKey();
        key = next.clone();
        type = nextType;
        index.u16(next.length);
        index.put(next, 0, next.length);
        index.u8(nextType.code());
        countAt = index.length();
        index.u16(0);
    }

    private void append(TsmBlock values, int from, int to) throws IOException {
        int start = pending.length();
        values.encode(from, to, pending);
        entry(values.time(from), values.time(to - 1), pending.length() - start);
        if (pending.length() >= FLUSH_AT) {
            flush(pending);
        }
    }

    private void entry(long minTime, long maxTime, int size) {
        if (entries == MAX_ENTRIES) {
            throw new IllegalArgumentException("a key has at most %d blocks in a file".formatted(MAX_ENTRIES));
        }
        entries++;
        index.u64(minTime);
        index.u64(maxTime);
        index.u64(position);
        index.u32(size);
        position += size;
        lastTime = maxTime;
    }

    private void endKey() throws IOException {
        if (key == null) {
            return;
        }
        index.array()[countAt] = (byte) (entries >>> 8);
        index.array()[countAt + 1] = (byte) entries;
        entries = 0;
        if (scratch != null && index.length() >= SPILL_AT) {
            spill(scratch);
        }
    }

    private void spill(Scratch where) throws IOException {
        SeekableByteChannel file = spilled;
        if (file == null) {
            file = where.open();
            spilled = file;
        }
        spilledBytes += index.length();
        ByteBuffer bytes = index.toBuffer();
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
        index.clear();
    }

    private void bringBack(SeekableByteChannel file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(FLUSH_AT);
        file.position(0);
        while (file.read(bytes) >= 0) {
            drain(bytes.flip());
            bytes.clear();
        }
    }

    private void flush(Output out) throws IOException {
        drain(out.toBuffer());
        out.clear();
    }

    private void drain(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
