package dev.sluice.engine.transfer;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.line.TextPool;
import dev.sluice.engine.tsm.BlockEntry;
import dev.sluice.engine.tsm.TimeSet;
import dev.sluice.engine.tsm.TsmFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Cuts one TSM file into chunks of a few blocks each, in the order of its index. One thread. */
final class FieldWork implements Work {

    /** Blocks of a chunk: some 8,000 values, four pieces of text, unless a file was compacted in an unusual way. */
    private static final int BLOCKS = 8;

    private final Place place;
    private final OpenTsm file;
    private final ExportOptions options;
    private final Findings findings;
    private final KnownTimes known;
    private final TextPool pool;
    private TsmFile.@Nullable Cursor cursor;
    private List<BlockEntry> rest = List.of();
    private TimeSet deleted = TimeSet.NONE;
    private boolean over;

    FieldWork(Place place, OpenTsm file, ExportOptions options, Findings findings, KnownTimes known, TextPool pool) {
        this.place = place;
        this.file = file;
        this.options = options;
        this.findings = findings;
        this.known = known;
        this.pool = pool;
    }

    @Override
    public @Nullable Chunk next() throws IOException {
        TsmFile.Cursor at = cursor;
        if (at == null) {
            at = file.reader().index();
            cursor = at;
        }
        var chunk = new FieldChunk(place, file, options.window(), findings, known, pool);
        while (chunk.blockCount() < BLOCKS && (!rest.isEmpty() || nextKey(at))) {
            int count = Math.min(rest.size(), BLOCKS - chunk.blockCount());
            chunk.add(at.key(), at.type(), rest.subList(0, count), deleted);
            rest = rest.subList(count, rest.size());
        }
        return chunk.blockCount() == 0 ? null : chunk;
    }

    private boolean nextKey(TsmFile.Cursor at) throws IOException {
        try {
            while (!over && at.next()) {
                List<BlockEntry> blocks = at.blocks();
                boolean wanted = blocks.get(0).minTime() <= options.end()
                        && blocks.get(blocks.size() - 1).maxTime() >= options.start()
                        && options.filter().takes(at.key(), Lines.seriesLength(at.key()));
                if (wanted) {
                    rest = blocks;
                    deleted = file.deletions().of(at.key());
                    return true;
                }
            }
        } catch (TsmDamaged e) {
            findings.damaged("the rest of %s".formatted(file.path()), e);
        }
        over = true;
        return false;
    }

    /** Opens a file, or tells why not. */
    static @Nullable OpenTsm open(Path path, OpenFiles files, Findings findings) throws IOException {
        try {
            return files.add(OpenTsm.open(path));
        } catch (NoSuchFileException e) {
            findings.missing("%s vanished while the export ran".formatted(path));
        } catch (SluiceException e) {
            findings.damaged(path.toString(), e);
        }
        return null;
    }
}
