package dev.sluice.engine.tsm;

import dev.sluice.engine.tsm.TsmSummary.Encoding;
import dev.sluice.engine.tsm.TsmSummary.Measurement;
import dev.sluice.engine.tsm.TsmSummary.Source;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;

/**
 * Goes through the indexes of several files in the order of their keys. All keys of a series follow each other there,
 * whatever other names look like, so series are counted without being remembered; measurements do not (the key of
 * {@code m} may stand on both sides of {@code m!}), so each has a line.
 */
final class Summing {

    static final int MOST_MEASUREMENTS = 10_000;

    private static final int MOST_FIELDS = 100_000;
    private static final int BUFFERS = 16 << 20;
    private static final int SMALLEST = 1 << 12;
    private static final int LARGEST = 1 << 16;
    private static final String[] NUMBERS = {"raw", "packed", "run"};

    private final List<Source> sources;
    private final boolean counting;
    private final Map<String, Line> lines = new HashMap<>();
    private final Map<String, Encoding> encodings = new TreeMap<>();
    private final Line total = new Line();
    private final Line rest = new Line(); // of measurements without a line
    private final BlockScan scan = new BlockScan();
    private boolean complete = true;
    private int fields;
    private long unreadable;

    Summing(List<Source> sources, boolean counting) {
        this.sources = sources;
        this.counting = counting;
    }

    /** A file and where its index is gone through. */
    private static final class Open {
        final TsmFile.Cursor cursor;
        final ReadAhead ahead;
        final Deletions deletions;

        Open(TsmFile.Cursor cursor, ReadAhead ahead, Deletions deletions) {
            this.cursor = cursor;
            this.ahead = ahead;
            this.deletions = deletions;
        }
    }

    /** Sums of a measurement, or of all. */
    private static final class Line {
        final Map<String, Set<BlockType>> fields = new HashMap<>();
        long series;
        long keys;
        long blocks;
        long values;
        long minTime = Long.MAX_VALUE;
        long maxTime = Long.MIN_VALUE;
        long bytes;

        void block(BlockEntry entry, long count) {
            blocks++;
            values += count;
            minTime = Math.min(minTime, entry.minTime());
            maxTime = Math.max(maxTime, entry.maxTime());
            bytes += entry.size();
        }
    }

    TsmSummary run() throws IOException {
        var queue = new PriorityQueue<Open>(Comparator.comparing(open -> open.cursor.key(), Arrays::compareUnsigned));
        int buffer = Math.max(SMALLEST, Math.min(LARGEST, BUFFERS / 2 / Math.max(1, sources.size())));
        for (Source source : sources) {
            var file = TsmFile.open(source.channel());
            var ahead = new ReadAhead(source.channel(), file.indexStart(), buffer);
            advance(new Open(file.index(buffer), ahead, source.deletions()), queue);
        }
        byte[] key = {};
        int series = -1; // length of the last key's series
        for (Open open = queue.poll(); open != null; open = queue.poll()) {
            byte[] next = open.cursor.key();
            List<BlockEntry> blocks = left(open);
            if (!blocks.isEmpty()) {
                int end = Keys.separator(next) < 0 ? next.length : Keys.separator(next);
                boolean newKey = !Arrays.equals(key, next);
                boolean newSeries = series < 0 || !Arrays.equals(key, 0, series, next, 0, end);
                add(open, blocks, newKey, newSeries, end);
                key = next;
                series = end;
            }
            advance(open, queue);
        }
        return result();
    }

    private static void advance(Open open, PriorityQueue<Open> queue) throws IOException {
        if (open.cursor.next()) {
            queue.add(open);
        }
    }

    private static List<BlockEntry> left(Open open) throws IOException {
        TimeSet gone = open.deletions.of(open.cursor.key());
        return gone.isEmpty()
                ? open.cursor.blocks()
                : open.cursor.blocks().stream()
                        .filter(entry -> !gone.covers(entry.minTime(), entry.maxTime()))
                        .toList();
    }

    private void add(Open open, List<BlockEntry> blocks, boolean newKey, boolean newSeries, int seriesEnd)
            throws IOException {
        byte[] key = open.cursor.key();
        Line line = line(Keys.measurement(key));
        for (Line each : List.of(line, total)) {
            each.series += newSeries ? 1 : 0;
            each.keys += newKey ? 1 : 0;
        }
        field(line, key, seriesEnd, open.cursor.type());
        for (BlockEntry entry : blocks) {
            long count = counting ? count(open.ahead.bytes(entry.offset(), TsmFile.sizeOf(entry))) : 0;
            line.block(entry, count);
            total.block(entry, count);
        }
    }

    private Line line(String name) {
        Line line = lines.get(name);
        if (line == null) {
            if (lines.size() == MOST_MEASUREMENTS) {
                complete = false;
                return rest;
            }
            line = new Line();
            lines.put(name, line);
        }
        return line;
    }

    private void field(Line line, byte[] key, int seriesEnd, BlockType type) {
        int from = Math.min(key.length, seriesEnd + Keys.SEPARATOR);
        String name = Keys.text(Arrays.copyOfRange(key, from, key.length));
        Set<BlockType> types = line.fields.get(name);
        if (types == null) {
            if (fields == MOST_FIELDS) {
                complete = false;
                return;
            }
            fields++;
            types = EnumSet.noneOf(BlockType.class);
            line.fields.put(name, types);
        }
        types.add(type);
    }

    private long count(ByteBuffer block) {
        byte[] bytes = block.array();
        int from = block.arrayOffset();
        int to = from + block.remaining();
        if (scan.head(bytes, from, to, block.remaining()) < 0) {
            unreadable++;
            return 0;
        }
        int valuesAt = scan.valuesAt();
        encoding("times, " + number(bytes[scan.timesAt()]), valuesAt - scan.timesAt());
        encoding(encodingOf(BlockType.ofCode(scan.type()), bytes[valuesAt]), to - valuesAt);
        return scan.count();
    }

    private void encoding(String name, long bytes) {
        encodings.merge(name, new Encoding(1, bytes), Encoding::plus);
    }

    private static String encodingOf(BlockType type, byte head) {
        return switch (type) {
            case FLOAT -> "floats, xor";
            case INTEGER -> "integers, " + number(head);
            case UNSIGNED -> "unsigned, " + number(head);
            case BOOLEAN -> "booleans, bits";
            case STRING -> "strings, snappy";
        };
    }

    private static String number(byte head) {
        int encoding = (head & 0xFF) >>> 4;
        return encoding < NUMBERS.length ? NUMBERS[encoding] : "unknown";
    }

    private TsmSummary result() {
        var measurements = lines.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> measurement(entry.getKey(), entry.getValue()))
                .toList();
        return new TsmSummary(
                measurements,
                total.series,
                total.keys,
                total.blocks,
                counting ? total.values : -1,
                unreadable,
                total.minTime,
                total.maxTime,
                total.bytes,
                encodings,
                complete);
    }

    private Measurement measurement(String name, Line line) {
        return new Measurement(
                name,
                line.series,
                line.keys,
                line.fields,
                line.blocks,
                counting ? line.values : -1,
                line.minTime,
                line.maxTime,
                line.bytes);
    }
}
