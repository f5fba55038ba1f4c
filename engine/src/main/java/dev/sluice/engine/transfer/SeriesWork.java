package dev.sluice.engine.transfer;

import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.line.TextPool;
import dev.sluice.engine.tsm.BlockEntry;
import dev.sluice.engine.tsm.TimeSet;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmFile;
import dev.sluice.engine.tsm.WalCache;
import dev.sluice.engine.tsm.WalReader;
import dev.sluice.engine.tsm.WalReplay;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Cuts one shard into chunks of whole series, or of spans of a long one, with the fields of all its files joined. The
 * indexes are gone through side by side; in memory are one key of each and what fits of the write-ahead log. One thread.
 */
final class SeriesWork implements Work {

    private static final int BLOCKS = 32;

    private final Place place;
    private final List<OpenTsm> files;
    private final List<Path> wal;
    private final ExportOptions options;
    private final Findings findings;
    private final WalDamage damage;
    private final KnownTimes known;
    private final TextPool pool;
    private final List<Keys> keys = new ArrayList<>();
    private final Queue<Chunk> ready = new ArrayDeque<>();
    private boolean begun;

    SeriesWork(
            Place place,
            List<OpenTsm> files,
            List<Path> wal,
            ExportOptions options,
            Findings findings,
            WalDamage damage,
            KnownTimes known,
            TextPool pool) {
        this.place = place;
        this.files = files;
        this.wal = wal;
        this.options = options;
        this.findings = findings;
        this.damage = damage;
        this.known = known;
        this.pool = pool;
    }

    @Override
    public @Nullable Chunk next() throws IOException {
        if (!begun) {
            begun = true;
            for (OpenTsm file : files) {
                keys.add(new FileKeys(file));
            }
            if (!wal.isEmpty()) {
                keys.add(new LogKeys());
            }
            for (Keys each : keys) {
                each.advance();
            }
        }
        var chunk = new SeriesChunk(place, findings, known, pool);
        while (ready.isEmpty() && chunk.blockCount() < BLOCKS) {
            byte[] first = smallest();
            if (first == null) {
                break;
            }
            int length = Lines.seriesLength(first);
            byte[] series = Arrays.copyOf(first, length);
            List<SeriesChunk.Field> fields = fields(series, options.filter().takes(first, length));
            if (!fields.isEmpty()) {
                chunk = add(chunk, series, fields);
            }
        }
        if (!ready.isEmpty()) {
            return ready.poll();
        }
        return chunk.blockCount() == 0 ? null : chunk;
    }

    /** All fields of a series, taken off the cursors. */
    private List<SeriesChunk.Field> fields(byte[] series, boolean wanted) throws IOException {
        var fields = new ArrayList<SeriesChunk.Field>();
        while (true) {
            byte[] key = smallest();
            if (key == null || !isOf(key, series)) {
                return fields;
            }
            var field = new SeriesChunk.Field(Lines.nextField(key, series.length));
            for (Keys each : keys) {
                if (Arrays.equals(each.key, key)) {
                    if (wanted) {
                        each.addTo(field);
                    }
                    each.advance();
                }
            }
            if (!field.sources.isEmpty()) {
                fields.add(field);
            }
        }
    }

    private static boolean isOf(byte[] key, byte[] series) {
        return Lines.seriesLength(key) == series.length
                && Arrays.equals(key, 0, series.length, series, 0, series.length);
    }

    /** Adds a series to the chunk; a long one becomes chunks of its own, so that several threads can work on it. */
    private SeriesChunk add(SeriesChunk chunk, byte[] series, List<SeriesChunk.Field> fields) {
        int blocks = 0;
        SeriesChunk.Source longest = fields.get(0).sources.get(0);
        for (SeriesChunk.Field field : fields) {
            for (SeriesChunk.Source source : field.sources) {
                blocks += source.count();
                longest = source.count() > longest.count() ? source : longest;
            }
        }
        int each = Math.max(1, BLOCKS / fields.size());
        if (blocks <= 2 * BLOCKS || longest.count() <= each) {
            chunk.add(series, fields, options.window(), blocks);
            return chunk;
        }
        if (chunk.blockCount() > 0) {
            ready.add(chunk);
        }
        long from = options.start();
        for (int i = each; i < longest.count(); i += each) {
            long next = longest.minTime(i);
            if (next > from && next <= options.end()) {
                ready.add(span(series, fields, new Window(from, next - 1), BLOCKS));
                from = next;
            }
        }
        ready.add(span(series, fields, new Window(from, options.end()), BLOCKS));
        return new SeriesChunk(place, findings, known, pool);
    }

    private SeriesChunk span(byte[] series, List<SeriesChunk.Field> fields, Window window, int blocks) {
        var chunk = new SeriesChunk(place, findings, known, pool);
        chunk.add(series, fields, window, blocks);
        return chunk;
    }

    private byte @Nullable [] smallest() {
        byte[] smallest = null;
        for (Keys each : keys) {
            byte[] key = each.key;
            if (key != null && (smallest == null || Arrays.compareUnsigned(key, smallest) < 0)) {
                smallest = key;
            }
        }
        return smallest;
    }

    /** A source's keys, ascending; {@code key} is null at the end. */
    private abstract static class Keys {
        byte @Nullable [] key;

        abstract void advance() throws IOException;

        abstract void addTo(SeriesChunk.Field field) throws IOException;
    }

    private final class FileKeys extends Keys {
        private final OpenTsm file;
        private final TsmFile.Cursor cursor;

        FileKeys(OpenTsm file) throws IOException {
            this.file = file;
            this.cursor = file.reader().index();
        }

        @Override
        void advance() throws IOException {
            try {
                key = cursor.next() ? cursor.key() : null;
            } catch (TsmDamaged e) {
                key = null;
                findings.damaged("the rest of %s".formatted(file.path()), e);
            }
        }

        @Override
        void addTo(SeriesChunk.Field field) throws IOException {
            List<BlockEntry> blocks = cursor.blocks();
            TimeSet deleted = file.deletions().of(cursor.key());
            long min = blocks.get(0).minTime();
            long max = blocks.get(blocks.size() - 1).maxTime();
            if (min <= options.end() && max >= options.start() && !deleted.covers(min, max)) {
                field.sources.add(SeriesChunk.Source.of(file, cursor.type(), blocks, deleted));
            }
        }
    }

    private static final class LogEntry {
        final byte[] key;
        final List<TsmBlock> blocks;

        LogEntry(byte[] key, List<TsmBlock> blocks) {
            this.key = key;
            this.blocks = blocks;
        }
    }

    /** What the log comes to. Where it does not fit into memory it is read again from the first key that did not. */
    private final class LogKeys extends Keys {

        private final Deque<LogEntry> entries = new ArrayDeque<>();
        private byte @Nullable [] rest;
        private boolean read;

        @Override
        void advance() throws IOException {
            entries.poll();
            while (entries.isEmpty() && (!read || rest != null)) {
                load();
            }
            LogEntry now = entries.peek();
            key = now == null ? null : now.key;
        }

        private void load() throws IOException {
            var cache = new WalCache(WalReplay.MEMORY, rest);
            for (Path segment : wal) {
                try (InputStream in = new BufferedInputStream(Files.newInputStream(segment), 1 << 16)) {
                    damage.look(segment, WalReader.read(in, (entry, offset) -> cache.apply(entry)));
                }
            }
            cache.forEach((key, blocks) -> entries.add(new LogEntry(key, blocks)));
            rest = cache.rest();
            read = true;
        }

        @Override
        void addTo(SeriesChunk.Field field) {
            LogEntry now = entries.peek();
            if (now != null) {
                field.sources.add(SeriesChunk.Source.ofLog(now.blocks));
            }
        }
    }
}
