package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a segment of a WAL. As influxd when it starts: what comes before damage is good, what comes after it in the
 * same segment is not read. Entries have no checksum, so damage that still uncompresses goes unseen.
 *
 * <p>Memory: one entry, at most {@value #MAX_ENTRY} bytes of it, and as it is compressed while it is read. Blocking; one
 * thread.
 */
public final class WalReader {

    /** The most bytes of an entry, compressed or not: a write request of influxd has 25 MB unless configured. */
    static final int MAX_ENTRY = 128 << 20;

    private static final int HEAD = 5;
    private static final int MOST_OF_LENGTH = 5; // bytes of a plain length that can be right
    private static final int WRITE = 1;
    private static final int DELETE = 2;
    private static final int DELETE_RANGE = 3;

    /** A channel takes as much memory outside the heap as is asked of it at a time, and keeps it. */
    private static final int STEP = 1 << 16;

    private final InputStream in;
    private long entries;
    private long offset; // of what comes next
    private @Nullable Segment end;

    /** @param in a segment from its start; stays the caller's to close */
    public WalReader(InputStream in) {
        this.in = in;
    }

    /** Receives the entries of a segment in their order. */
    @FunctionalInterface
    public interface Visitor {

        /** @param offset in the segment */
        void entry(WalEntry entry, long offset) throws IOException;
    }

    /**
     * How a segment ended.
     *
     * @param entries that were read
     * @param end of the last one of them, where influxd would cut the file
     * @param problem what stands there, or null if the segment ends there
     * @param torn whether the last entry is merely cut short, as it is while a server writes it or after a crash
     */
    public record Segment(long entries, long end, @Nullable String problem, boolean torn) {}

    /** @param in a segment from its start; stays the caller's to close */
    public static Segment read(InputStream in, Visitor visitor) throws IOException {
        var reader = new WalReader(in);
        while (reader.visit(visitor)) {
            // an entry is out of reach before the next one is read
        }
        return reader.end();
    }

    private boolean visit(Visitor visitor) throws IOException {
        long at = offset;
        WalEntry entry = next();
        if (entry == null) {
            return false;
        }
        visitor.entry(entry, at);
        return true;
    }

    /**
     * Bytes that the largest entry takes while it is read, compressed and not. They stand before each entry, and little
     * else is read; as far as there is no damage.
     *
     * @param in a segment from its start; stays the caller's to close
     */
    public static long largest(InputStream in) throws IOException {
        long largest = 0;
        while (true) {
            byte[] head = in.readNBytes(HEAD);
            long length = head.length < HEAD ? 0 : length(head);
            if (length == 0 || length > MAX_ENTRY || !isType(head[0])) {
                return largest;
            }
            byte[] start = in.readNBytes((int) Math.min(length, MOST_OF_LENGTH));
            if (start.length < Math.min(length, MOST_OF_LENGTH)) {
                return largest;
            }
            largest = Math.max(largest, length + plainLength(start, length));
            try {
                in.skipNBytes(length - start.length);
            } catch (EOFException e) {
                return largest;
            }
        }
    }

    /** None where the entry will be refused for it. */
    private static long plainLength(byte[] start, long packed) {
        try {
            return new Input(start).count("plain length", Math.min(MAX_ENTRY, packed * Snappy.MAX_RATIO));
        } catch (TsmDamaged e) {
            return 0;
        }
    }

    private static boolean isType(byte type) {
        return type >= WRITE && type <= DELETE_RANGE;
    }

    private static long length(byte[] head) {
        return (int) Bytes.U32.get(head, 1) & 0xFFFFFFFFL;
    }

    /** Reads no further than the next entry; null if there is none, of which {@link #end()} tells. */
    public @Nullable WalEntry next() throws IOException {
        if (end != null) {
            return null;
        }
        byte[] head = in.readNBytes(HEAD);
        if (head.length < HEAD) {
            return head.length == 0 ? ended(null, false) : ended("entry ends in its header", true);
        }
        long length = length(head);
        if (!isType(head[0])) {
            return ended("entry has the unknown type " + head[0], false);
        }
        if (length > MAX_ENTRY) {
            return ended("entry has %d bytes".formatted(length), false);
        }
        byte[] payload = payload((int) length);
        if (payload.length < length) {
            return cutShort(length, payload);
        }
        WalEntry entry;
        try {
            entry = entry(head[0], payload);
        } catch (TsmDamaged e) {
            return ended(e.problem(), false);
        }
        entries++;
        offset += HEAD + length;
        return entry;
    }

    /** How it ended. @throws IllegalStateException if it has not */
    public Segment end() {
        Segment there = end;
        if (there == null) {
            throw new IllegalStateException("entries follow");
        }
        return there;
    }

    private @Nullable WalEntry ended(@Nullable String problem, boolean torn) {
        end = new Segment(entries, offset, problem, torn);
        return null;
    }

    /** What there is of an entry, once in memory where a file tells its size; nothing is taken for what is only claimed. */
    private byte[] payload(int length) throws IOException {
        if (in.available() < length) {
            return in.readNBytes(length);
        }
        byte[] payload = new byte[length];
        int at = 0;
        while (at < length) {
            int count = in.read(payload, at, Math.min(STEP, length - at));
            if (count < 0) {
                return Arrays.copyOf(payload, at);
            }
            at += count;
        }
        return payload;
    }

    /** An entry that was never written whole, unless its block ends all the same: then it is the length that is wrong. */
    private @Nullable WalEntry cutShort(long length, byte[] payload) {
        var packed = new Input(payload);
        try {
            Snappy.uncompress(packed, MAX_ENTRY);
        } catch (TsmDamaged e) {
            return ended("entry has %d of its %d bytes".formatted(payload.length, length), true);
        }
        return ended("entry has %d bytes where its length says %d".formatted(packed.offset(), length), false);
    }

    private static WalEntry entry(int type, byte[] payload) {
        var packed = new Input(payload);
        byte[] plain = Snappy.uncompress(packed, MAX_ENTRY);
        packed.end("the entry");
        return switch (type) {
            case WRITE -> WalEntry.Write.decode(plain);
            case DELETE -> new WalEntry.Delete(lines(plain), TimeSet.ALL, false);
            default -> deleteRange(new Input(plain));
        };
    }

    private static WalEntry deleteRange(Input in) {
        TimeSet times = TimeSet.of(in.u64(), in.u64());
        var keys = new ArrayList<byte[]>();
        while (in.remaining() > 0) {
            keys.add(bytes(in));
        }
        return new WalEntry.Delete(keys, times, true);
    }

    /** Length and bytes. */
    static byte[] bytes(Input in) {
        byte[] bytes = new byte[length(in)];
        in.get(bytes, 0, bytes.length);
        return bytes;
    }

    static int length(Input in) {
        long length = in.u32() & 0xFFFFFFFFL;
        if (length > in.remaining()) {
            throw in.damaged("a length of %d is more than the entry has".formatted(length));
        }
        return (int) length;
    }

    private static List<byte[]> lines(byte[] plain) {
        var lines = new ArrayList<byte[]>();
        int from = 0;
        for (int i = 0; i <= plain.length; i++) {
            if (i == plain.length || plain[i] == '\n') {
                if (i > from) {
                    lines.add(Arrays.copyOfRange(plain, from, i));
                }
                from = i + 1;
            }
        }
        return lines;
    }
}
