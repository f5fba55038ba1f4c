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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Blocks of one TSM file, a line for each value, as {@code influx_inspect export} writes them. */
final class FieldChunk extends Chunk {

    /** A key's blocks or some of them. */
    private static final class Part {
        final byte[] key;
        final BlockType type;
        final List<BlockEntry> blocks;
        final TimeSet deleted;

        Part(byte[] key, BlockType type, List<BlockEntry> blocks, TimeSet deleted) {
            this.key = key;
            this.type = type;
            this.blocks = blocks;
            this.deleted = deleted;
        }
    }

    private final OpenTsm file;
    private final Window window;
    private final Findings findings;
    private final List<Part> parts = new ArrayList<>();
    private final KnownTimes known;
    private int blockCount;

    private @Nullable TsmFile reader;
    private int part;
    private int entry;
    private byte @Nullable [] prefix;
    private @Nullable TsmBlock block;
    private int at;

    FieldChunk(Place place, OpenTsm file, Window window, Findings findings, KnownTimes known, TextPool pool) {
        super(place, pool);
        this.file = file;
        this.window = window;
        this.findings = findings;
        this.known = known;
    }

    void add(byte[] key, BlockType type, List<BlockEntry> blocks, TimeSet deleted) {
        parts.add(new Part(key, type, blocks, deleted));
        blockCount += blocks.size();
    }

    int blockCount() {
        return blockCount;
    }

    @Override
    boolean fill() throws IOException {
        while (part < parts.size()) {
            Part now = parts.get(part);
            if (prefix == null) {
                prefix = Lines.prefix(now.key, Lines.seriesLength(now.key));
            }
            while (entry < now.blocks.size()) {
                TsmBlock open = block;
                if (open == null) {
                    open = read(now, now.blocks.get(entry));
                    block = open;
                    at = 0;
                }
                if (open != null) {
                    write(now, prefix, open);
                    if (at < open.size()) {
                        return true;
                    }
                }
                block = null;
                entry++;
                if (full()) {
                    return true;
                }
            }
            part++;
            entry = 0;
            prefix = null;
        }
        return false;
    }

    private void write(Part now, byte[] prefix, TsmBlock from) {
        boolean all =
                now.deleted.isEmpty() && from.time(0) >= window.start() && from.time(from.size() - 1) <= window.end();
        int size = from.size();
        LineEndings endings = known.of(from);
        Column column = Column.of(from);
        int i = at;
        if (all && endings != null) {
            i = column.lines(prefix, endings, i, size, text);
            lines += i - at;
        } else {
            for (; i < size && !full(); i++) {
                long time = from.time(i);
                if (!all && (time < window.start() || time > window.end() || now.deleted.contains(time))) {
                    continue;
                }
                column.append(prefix, i, text);
                end(endings, i, time);
                lines++;
            }
        }
        values = lines; // one on each
        at = i;
    }

    private @Nullable TsmBlock read(Part now, BlockEntry wanted) throws IOException {
        if (!wanted.touches(window.start(), window.end()) || now.deleted.covers(wanted.minTime(), wanted.maxTime())) {
            return null;
        }
        try {
            TsmFile from = reader;
            if (from == null) {
                from = file.reader();
                reader = from;
            }
            return from.values(now.type, wanted);
        } catch (TsmDamaged e) {
            findings.damaged(
                    "block at byte %d of %s, key %s"
                            .formatted(wanted.offset(), file.path(), new String(now.key, StandardCharsets.UTF_8)),
                    e);
            return null;
        }
    }
}
