package dev.sluice.engine.transfer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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
    private byte[] bytes;
    private int[] ends = new int[256];
    private long[] lines = new long[256];
    private int count;

    LineBatch(Place place, int lane, long firstOffset, long firstLine, int capacity) {
        this.place = place;
        this.lane = lane;
        this.firstOffset = firstOffset;
        this.firstLine = firstLine;
        this.bytes = new byte[capacity];
    }

    void add(byte[] source, int from, int length, long line) {
        int start = size();
        int end = start + length + 1;
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
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

        /** The records that are not marked, {@code marks} counting from this part's first record. */
        LineBatch without(boolean[] marks) {
            var rest = new LineBatch(place, lane, firstOffset, firstLine, Math.max(16, end() - start()));
            for (int i = from; i < to; i++) {
                if (!marks[i - from]) {
                    rest.add(bytes, startOf(i), ends[i] - 1 - startOf(i), lines[i]);
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

        /** What goes to the server. */
        byte[] body(boolean gzip) {
            return gzip ? zipped() : Arrays.copyOfRange(bytes, start(), end());
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
