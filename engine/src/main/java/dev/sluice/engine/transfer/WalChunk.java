package dev.sluice.engine.transfer;

import dev.sluice.engine.line.TextPool;
import dev.sluice.engine.tsm.WalCursor;
import dev.sluice.engine.tsm.WalEntry;
import dev.sluice.engine.tsm.WalReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A segment of a write-ahead log, a line for each value, in its order and deletes not applied, as
 * {@code influx_inspect export} writes it. Read entry by entry as text is wanted: one of them is held, whatever the
 * size of the segment.
 */
final class WalChunk extends Chunk {

    private static final int BUFFER = 1 << 16;

    private final Path segment;
    private final ExportOptions options;
    private final OpenFiles open;
    private final WalDamage damage;

    private @Nullable FileChannel file;
    private @Nullable WalReader entries;
    private @Nullable WalCursor write; // the entry at hand
    private byte @Nullable [] prefix; // of the key at hand, if it is wanted
    private boolean over;

    WalChunk(Place place, Path segment, ExportOptions options, OpenFiles open, WalDamage damage, TextPool pool) {
        this(place, segment, options, open, damage, pool, PIECE);
    }

    WalChunk(
            Place place,
            Path segment,
            ExportOptions options,
            OpenFiles open,
            WalDamage damage,
            TextPool pool,
            int piece) {
        super(place, pool, piece);
        this.segment = segment;
        this.options = options;
        this.open = open;
        this.damage = damage;
    }

    /**
     * How many segments can be gone through side by side: each holds an entry, and a quarter of the heap is for them.
     *
     * @param most no more than these, and one at least
     */
    static int sideBySide(List<Path> segments, long heap, int most) {
        if (segments.size() == 1) {
            return 1;
        }
        long room = heap / 4;
        long largest = 1;
        for (Path segment : segments) {
            largest = Math.max(largest, largest(segment));
        }
        return (int) Math.max(1, Math.min(most, room / largest));
    }

    private static long largest(Path segment) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(segment), BUFFER)) {
            return WalReader.largest(in);
        } catch (IOException e) {
            return 0; // told when it is its turn
        }
    }

    @Override
    boolean fill() throws IOException {
        while (!over) {
            if (write != null) {
                if (!written(write)) {
                    return true;
                }
                write = null; // before the next one is read
            }
            advance();
        }
        return false;
    }

    private void advance() throws IOException {
        WalReader from = entries();
        WalEntry entry = from.next();
        if (entry instanceof WalEntry.Write values) {
            write = values.values();
        } else if (entry != null) {
            damage.deletes(place);
        } else {
            over = true;
            close();
            damage.look(segment, from.end());
        }
    }

    private WalReader entries() throws IOException {
        WalReader there = entries;
        if (there == null) {
            FileChannel opened = open.add(FileChannel.open(segment, StandardOpenOption.READ));
            there = new WalReader(new BufferedInputStream(Channels.newInputStream(opened), BUFFER));
            file = opened;
            entries = there;
        }
        return there;
    }

    private void close() throws IOException {
        FileChannel done = file;
        if (done != null) {
            open.done(done);
        }
        file = null;
        entries = null;
    }

    /** Writes lines until a piece is full, which is false, or all that is left of the entry is written. */
    private boolean written(WalCursor from) {
        do {
            byte[] start = prefix;
            while (start != null && from.next()) {
                long time = from.time();
                if (time >= options.start() && time <= options.end()) {
                    text.append(start);
                    Lines.value(from, text);
                    text.append(' ').append(time).append('\n');
                    lines++;
                    values++;
                    if (full()) {
                        return false;
                    }
                }
            }
        } while (nextKey(from));
        return true;
    }

    private boolean nextKey(WalCursor from) {
        prefix = null;
        if (!from.nextKey()) {
            return false;
        }
        byte[] key = from.key();
        int series = Lines.seriesLength(key);
        if (options.filter().takes(key, series)) {
            prefix = Lines.prefix(key, series);
        }
        return true;
    }
}
