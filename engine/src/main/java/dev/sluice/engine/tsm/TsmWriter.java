package dev.sluice.engine.tsm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes one TSM file: keys ascending, blocks in the order of the index, then index and footer. The index stays in
 * memory until {@link #finish()}: the keys and 28 bytes for each block.
 *
 * <p>Blocking. Owns the channel: {@link #close()} closes it, finished or not.
 */
public final class TsmWriter implements AutoCloseable {

    static final int MAGIC = 0x16D116D1;
    static final int VERSION = 1;
    static final int HEADER = 5;
    static final int MAX_KEY = 0xFFFF;
    static final int MAX_ENTRIES = 0xFFFF;

    private static final int FLUSH_AT = 1 << 18;

    private final WritableByteChannel channel;
    private final Output pending = new Output(FLUSH_AT + (1 << 16));
    private final Output index = new Output(1 << 14);
    private long position;
    private byte @Nullable [] key;
    private @Nullable BlockType type;
    private int countAt;
    private int entries;
    private long lastTime;
    private boolean finished;

    public TsmWriter(WritableByteChannel channel) {
        this.channel = channel;
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
            int to = Math.min(values.size(), from + TsmBlock.USUAL_VALUES);
            int start = pending.length();
            values.encode(from, to, pending);
            entry(values.time(from), values.time(to - 1), pending.length() - start);
            if (pending.length() >= FLUSH_AT) {
                flush(pending);
            }
        }
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
        index.u64(position);
        flush(index);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void begin(byte[] next, BlockType nextType, long firstTime) {
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

    private void endKey() {
        if (key != null) {
            index.array()[countAt] = (byte) (entries >>> 8);
            index.array()[countAt + 1] = (byte) entries;
        }
        entries = 0;
    }

    private void flush(Output out) throws IOException {
        ByteBuffer bytes = out.toBuffer();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        out.clear();
    }
}
