package dev.sluice.engine.transfer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Records for one place, each with a newline behind it, and where in the file they stood. Filled by one thread, then
 * only read.
 */
final class LineBatch {

    private static final byte[] GZIP_HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 4, (byte) 255};

    private final Place place;
    private final int lane;
    private final long firstOffset;
    private final long firstLine;
    private ContextNames names = ContextNames.TRIMMED;
    private byte[] bytes;
    private int[] ends;
    private long[] lines;
    private int count;

    // Where hours begin, as far as it matters.
    private long hour = Long.MIN_VALUE;
    private long[] hours = new long[0];
    private int[] hourStarts = new int[0];
    private int hourCount;

    private LineBatch(Place place, int lane, long firstOffset, long firstLine, Memory memory) {
        this.place = place;
        this.lane = lane;
        this.firstOffset = firstOffset;
        this.firstLine = firstLine;
        this.bytes = memory.bytes;
        this.ends = memory.ends;
        this.lines = memory.lines;
    }

    /** Arrays of a batch. */
    private static final class Memory {
        final byte[] bytes;
        final int[] ends;
        final long[] lines;

        Memory(byte[] bytes, int[] ends, long[] lines) {
            this.bytes = bytes;
            this.ends = ends;
            this.lines = lines;
        }

        static Memory of(int bytes) {
            return new Memory(new byte[bytes], new int[256], new long[256]);
        }
    }

    /**
     * Arrays of batches that are delivered, for those that come. Without them a small heap is collected as a whole for
     * every few batches: they live too long for the young part, and are too large for it. A batch that is never given back
     * is left to the collector. Any thread.
     */
    static final class Pool {
        private static final int FIRST = 1 << 14;

        private final Queue<Memory> idle = new ConcurrentLinkedQueue<>();
        private final int largest;

        /** @param largest bytes of a batch whose arrays are kept */
        Pool(int largest) {
            this.largest = largest;
        }

        LineBatch begin(Place place, int lane, long firstOffset, long firstLine) {
            Memory used = idle.poll();
            return new LineBatch(place, lane, firstOffset, firstLine, used == null ? Memory.of(FIRST) : used);
        }

        /** Takes the arrays of a batch that nobody looks at any more. */
        void giveBack(LineBatch done) {
            if (done.bytes.length <= largest) {
                idle.add(new Memory(done.bytes, done.ends, done.lines));
            }
        }
    }

    /** @param most bytes that are wanted in a batch: its array grows beyond only for a record that is as large itself */
    void add(byte[] source, int from, int length, long line, int most) {
        int start = size();
        int end = start + length + 1;
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end, Math.min(bytes.length * 2, most)));
        }
        System.arraycopy(source, from, bytes, start, length);
        bytes[end - 1] = '\n';
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, count * 2);
            lines = Arrays.copyOf(lines, count * 2);
        }
        ends[count] = end;
        lines[count++] = line;
    }

    /** Tells in which hour the next record is. */
    void inHour(long next, Hours begun) {
        if (next == hour) {
            return;
        }
        hour = next;
        if (begun.contains(next)) {
            return;
        }
        if (hourCount == hours.length) {
            hours = Arrays.copyOf(hours, 2 * hourCount + 8);
            hourStarts = Arrays.copyOf(hourStarts, hours.length);
        }
        hours[hourCount] = next;
        hourStarts[hourCount++] = count;
    }

    /**
     * Adds its hours to those that are begun.
     *
     * @return indexes of the records that begin one, ascending
     */
    int[] begin(Hours begun) {
        int[] first = new int[hourCount];
        int n = 0;
        for (int i = 0; i < hourCount; i++) {
            if (begun.add(hours[i])) {
                first[n++] = hourStarts[i];
            }
        }
        hourCount = 0;
        return Arrays.copyOf(first, n);
    }

    /** Takes some records out, into a batch of their own. */
    LineBatch takeOut(int[] indexes) {
        var taken = new LineBatch(place, lane, firstOffset, firstLine, Memory.of(256));
        int kept = 0;
        int next = 0;
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = ends[i];
            if (next < indexes.length && indexes[next] == i) {
                next++;
                taken.add(bytes, from, to - 1 - from, lines[i], Integer.MAX_VALUE);
            } else {
                int start = kept == 0 ? 0 : ends[kept - 1];
                System.arraycopy(bytes, from, bytes, start, to - from);
                lines[kept] = lines[i];
                ends[kept++] = start + to - from;
            }
            from = to;
        }
        count = kept;
        return taken;
    }

    Place place() {
        return place;
    }

    /** Batches of one lane are delivered one after the other. */
    int lane() {
        return lane;
    }

    /** Where the first record stands in the file. */
    long firstOffset() {
        return firstOffset;
    }

    long firstLine() {
        return firstLine;
    }

    /** How names were to be read where it begins. */
    ContextNames names() {
        return names;
    }

    void under(ContextNames names) {
        this.names = names;
    }

    int count() {
        return count;
    }

    int size() {
        return count == 0 ? 0 : ends[count - 1];
    }

    Part whole() {
        return new Part(0, count);
    }

    /** Some of the records: those from one index to another. */
    final class Part {
        private final int from;
        private final int to;

        private Part(int from, int to) {
            this.from = from;
            this.to = to;
        }

        Place place() {
            return place;
        }

        int count() {
            return to - from;
        }

        Part firstHalf() {
            return new Part(from, (from + to) >>> 1);
        }

        Part secondHalf() {
            return new Part((from + to) >>> 1, to);
        }

        /** All records but some, which are counted from this part's first. */
        LineBatch without(Set<Integer> some) {
            var rest = new LineBatch(place, lane, firstOffset, firstLine, Memory.of(Math.max(16, end() - start())));
            for (int i = from; i < to; i++) {
                if (!some.contains(i - from)) {
                    rest.add(bytes, startOf(i), ends[i] - 1 - startOf(i), lines[i], end() - start());
                }
            }
            return rest;
        }

        long line(int index) {
            return lines[from + index];
        }

        byte[] record(int index) {
            return Arrays.copyOfRange(bytes, startOf(from + index), ends[from + index] - 1);
        }

        /** A record as text, for comparing with what the server shows of it. */
        String text(int index) {
            int i = from + index;
            return new String(bytes, startOf(i), ends[i] - 1 - startOf(i), StandardCharsets.UTF_8);
        }

        /** What goes to the server, on its own: the caller releases it. */
        ByteBuf body(boolean gzip, Bodies bodies) {
            return gzip
                    ? Unpooled.wrappedBuffer(zipped())
                    : bodies.take(end() - start()).writeBytes(bytes, start(), end() - start());
        }

        private byte[] zipped() {
            int length = end() - start();
            var out = new ByteArrayOutputStream(length / 4 + 64);
            out.write(GZIP_HEADER, 0, GZIP_HEADER.length);
            var deflater = new Deflater(Deflater.BEST_SPEED, true);
            try {
                deflater.setInput(bytes, start(), length);
                deflater.finish();
                byte[] piece = new byte[1 << 15];
                while (!deflater.finished()) {
                    out.write(piece, 0, deflater.deflate(piece));
                }
            } finally {
                deflater.end();
            }
            var crc = new CRC32();
            crc.update(bytes, start(), length);
            for (int value : new int[] {(int) crc.getValue(), length}) {
                for (int shift = 0; shift < 32; shift += 8) {
                    out.write(value >>> shift);
                }
            }
            return out.toByteArray();
        }

        private int start() {
            return startOf(from);
        }

        private int end() {
            return to == 0 ? 0 : ends[to - 1];
        }
    }

    private int startOf(int index) {
        return index == 0 ? 0 : ends[index - 1];
    }
}
