package dev.sluice.engine.transfer;

import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.line.LineEndings;
import dev.sluice.engine.line.TextPool;
import dev.sluice.engine.tsm.BlockEntry;
import dev.sluice.engine.tsm.BlockType;
import dev.sluice.engine.tsm.TimeSet;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Whole series of one shard, a line for each time with all fields that have a value then. Of several values for one
 * field and time the one of the last file wins, those of the write-ahead log over all.
 */
final class SeriesChunk extends Chunk {

    /** Values of a field in one file, or in the write-ahead log where {@code file} is null. */
    record Source(
            @Nullable OpenTsm file, BlockType type, List<BlockEntry> entries, List<TsmBlock> blocks, TimeSet deleted) {

        static Source of(OpenTsm file, BlockType type, List<BlockEntry> entries, TimeSet deleted) {
            return new Source(file, type, entries, List.of(), deleted);
        }

        static Source ofLog(List<TsmBlock> blocks) {
            return new Source(null, blocks.get(0).type(), List.of(), blocks, TimeSet.NONE);
        }

        int count() {
            return file == null ? blocks.size() : entries.size();
        }

        long minTime(int index) {
            return file == null ? blocks.get(index).time(0) : entries.get(index).minTime();
        }

        long maxTime(int index) {
            TsmBlock block = file == null ? blocks.get(index) : null;
            return block != null
                    ? block.time(block.size() - 1)
                    : entries.get(index).maxTime();
        }
    }

    /** A field with its sources, the winning one last. */
    static final class Field {
        final byte[] prefix;
        final List<Source> sources = new ArrayList<>(1);

        /** @param prefix {@code ,name=} as a line has it */
        Field(byte[] prefix) {
            this.prefix = prefix;
        }
    }

    /** A series, or a span of its time. */
    private static final class Task {
        final byte[] series;
        final List<Field> fields;
        final Window window;

        Task(byte[] series, List<Field> fields, Window window) {
            this.series = series;
            this.fields = fields;
            this.window = window;
        }
    }

    private final Findings findings;
    private final KnownTimes known;
    private final List<Task> tasks = new ArrayList<>();
    private final IdentityHashMap<OpenTsm, TsmFile> readers = new IdentityHashMap<>();
    private int blockCount;
    private int task;
    private FieldCursor @Nullable [] cursors;

    SeriesChunk(Place place, Findings findings, KnownTimes known, TextPool pool) {
        super(place, pool);
        this.findings = findings;
        this.known = known;
    }

    void add(byte[] series, List<Field> fields, Window window, int blocks) {
        tasks.add(new Task(series, fields, window));
        blockCount += blocks;
    }

    int blockCount() {
        return blockCount;
    }

    @Override
    boolean fill() throws IOException {
        while (task < tasks.size()) {
            Task now = tasks.get(task);
            FieldCursor[] open = cursors;
            if (open == null) {
                open = new FieldCursor[now.fields.size()];
                for (int i = 0; i < open.length; i++) {
                    open[i] = new FieldCursor(now, now.fields.get(i));
                }
                cursors = open;
            }
            while (stretch(now.series, open) || line(now.series, open)) {
                if (full()) {
                    return true;
                }
            }
            cursors = null;
            task++;
        }
        return false;
    }

    private boolean line(byte[] series, FieldCursor[] open) throws IOException {
        long time = Long.MAX_VALUE;
        boolean any = false;
        for (FieldCursor field : open) {
            if (field.there && (!any || field.time < time)) {
                time = field.time;
                any = true;
            }
        }
        if (!any) {
            return false;
        }
        text.append(series);
        boolean first = true;
        for (FieldCursor field : open) {
            if (field.there && field.time == time) {
                field.write(first);
                field.advance();
                values++;
                first = false;
            }
        }
        text.append(' ').append(time).append('\n');
        lines++;
        return true;
    }

    /**
     * Writes lines while every field has a value for every time, which is what agents send: nothing has to be compared
     * then. False if that is not so here; it is looked for once in each block.
     */
    private boolean stretch(byte[] series, FieldCursor[] open) throws IOException {
        FieldCursor first = open[0];
        TsmBlock times = first.alone();
        if (times == null || first.uneven == first.winner.next) {
            return false;
        }
        int from = first.winner.at;
        for (FieldCursor field : open) {
            TsmBlock block = field.alone();
            if (block == null || field.winner.at != from || !block.sameTimes(times)) {
                first.uneven = first.winner.next;
                return false;
            }
        }
        LineEndings endings = known.of(times);
        byte[][] starts = starts(series, open);
        Column[] columns = new Column[open.length];
        for (int f = 0; f < open.length; f++) {
            columns[f] = open[f].column();
        }
        int i = from;
        for (int end = times.size(); i < end && !full(); i++) {
            for (int f = 0; f < columns.length; f++) {
                columns[f].append(starts[f], i, text);
            }
            end(endings, i, times.time(i));
        }
        lines += i - from;
        values += (long) (i - from) * open.length;
        for (FieldCursor field : open) {
            field.goTo(i);
        }
        return true;
    }

    /** What stands before the values of a line that has all fields. */
    private static byte[][] starts(byte[] series, FieldCursor[] fields) {
        byte[][] starts = new byte[fields.length][];
        for (int f = 0; f < starts.length; f++) {
            starts[f] = fields[f].prefix;
        }
        byte[] first = Arrays.copyOf(series, series.length + starts[0].length);
        first[series.length] = ' ';
        System.arraycopy(starts[0], 1, first, series.length + 1, starts[0].length - 1);
        starts[0] = first;
        return starts;
    }

    private TsmFile reader(OpenTsm file) throws IOException {
        TsmFile reader = readers.get(file);
        if (reader == null) {
            reader = file.reader();
            readers.put(file, reader);
        }
        return reader;
    }

    /** Goes through a field's values by time. */
    private final class FieldCursor {
        final byte[] prefix;
        private final SourceCursor[] sources;
        private SourceCursor winner;
        boolean there;
        long time;

        private int uneven = -1; // the block, by its successor's index, whose times other fields do not have

        FieldCursor(Task task, Field field) throws IOException {
            prefix = field.prefix;
            sources = new SourceCursor[field.sources.size()];
            for (int i = 0; i < sources.length; i++) {
                sources[i] = new SourceCursor(field.sources.get(i), task.window);
            }
            winner = sources[0];
            choose();
        }

        /** Writes it behind the series or behind another field. */
        void write(boolean first) {
            int begun = text.length();
            column().append(prefix, winner.at, text);
            if (first) {
                text.set(begun, ' ');
            }
        }

        /** The values of the block at hand. */
        Column column() {
            return Objects.requireNonNull(winner.column);
        }

        /** The block at hand if all the rest of it counts and nothing else does; else null. */
        @Nullable
        TsmBlock alone() {
            TsmBlock block = winner.block;
            return block != null
                            && sources.length == 1
                            && winner.all
                            && block.time(block.size() - 1) <= winner.window.end()
                    ? block
                    : null;
        }

        void goTo(int index) throws IOException {
            winner.at = index;
            winner.settle();
            choose();
        }

        void advance() throws IOException {
            if (sources.length == 1) {
                winner.step();
            } else {
                for (SourceCursor source : sources) {
                    if (source.block != null && source.time == time) {
                        source.step();
                    }
                }
            }
            choose();
        }

        private void choose() {
            there = false;
            for (SourceCursor source : sources) {
                if (source.block != null && (!there || source.time <= time)) {
                    winner = source;
                    time = source.time;
                    there = true;
                }
            }
        }
    }

    /** Goes through one source's values by time, one block in memory. */
    private final class SourceCursor {
        private final Source source;
        private final Window window;
        private final boolean all;
        private int next;

        @Nullable
        TsmBlock block;

        @Nullable
        Column column;

        int at;
        long time;

        SourceCursor(Source source, Window window) throws IOException {
            this.source = source;
            this.window = window;
            this.all = source.deleted().isEmpty();
            settle();
        }

        void step() throws IOException {
            at++;
            settle();
        }

        /** Stands on the next value that counts, or on none. */
        private void settle() throws IOException {
            while (true) {
                TsmBlock now = block;
                if (now == null) {
                    now = load();
                    if (now == null) {
                        return;
                    }
                    block = now;
                    column = Column.of(now);
                    at = 0;
                }
                for (; at < now.size(); at++) {
                    time = now.time(at);
                    if (time > window.end()) {
                        block = null;
                        next = source.count();
                        return;
                    }
                    if (time >= window.start() && (all || !source.deleted().contains(time))) {
                        return;
                    }
                }
                block = null;
            }
        }

        private @Nullable TsmBlock load() throws IOException {
            while (next < source.count()) {
                int index = next++;
                long min = source.minTime(index);
                long max = source.maxTime(index);
                if (min > window.end()
                        || max < window.start()
                        || source.deleted().covers(min, max)) {
                    continue;
                }
                OpenTsm file = source.file();
                if (file == null) {
                    return source.blocks().get(index);
                }
                BlockEntry entry = source.entries().get(index);
                try {
                    return reader(file).values(source.type(), entry);
                } catch (TsmDamaged e) {
                    if (min >= window.start()) { // told once, where the block begins
                        findings.damaged("block at byte %d of %s".formatted(entry.offset(), file.path()), e);
                    }
                }
            }
            return null;
        }
    }
}
