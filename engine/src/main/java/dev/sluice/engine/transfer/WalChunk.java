package dev.sluice.engine.transfer;

import dev.sluice.engine.line.TextPool;
import dev.sluice.engine.tsm.WalEntry;
import dev.sluice.engine.tsm.WalPoints;
import dev.sluice.engine.tsm.WalReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A segment of a write-ahead log, a line for each value, in its order and deletes not applied, as
 * {@code influx_inspect export} writes it. Read as a whole, entry by entry; the text of a segment is held, which the
 * server keeps to some 10 MiB.
 */
final class WalChunk extends Chunk {

    private final Path segment;
    private final ExportOptions options;
    private final WalDamage damage;
    private boolean read;

    WalChunk(Place place, Path segment, ExportOptions options, WalDamage damage, TextPool pool) {
        super(place, pool);
        this.segment = segment;
        this.options = options;
        this.damage = damage;
    }

    @Override
    boolean fill() throws IOException {
        if (!read) {
            read = true;
            try (InputStream in = new BufferedInputStream(Files.newInputStream(segment), 1 << 16)) {
                damage.look(segment, WalReader.read(in, (entry, offset) -> entry(entry)));
            }
        }
        return false;
    }

    private void entry(WalEntry entry) throws IOException {
        if (entry instanceof WalEntry.Write write) {
            write.forEach(this::values);
        } else {
            damage.deletes(place);
        }
    }

    private void values(byte[] key, WalPoints points) {
        int series = Lines.seriesLength(key);
        if (!options.filter().takes(key, series)) {
            return;
        }
        byte[] prefix = Lines.prefix(key, series);
        for (int i = 0; i < points.size(); i++) {
            long time = points.time(i);
            if (time >= options.start() && time <= options.end()) {
                text.append(prefix);
                Lines.value(points, i, text);
                text.append(' ').append(time).append('\n');
                lines++;
                values++;
            }
        }
    }
}
