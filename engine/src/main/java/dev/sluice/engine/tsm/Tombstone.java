package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The deletions of one TSM file, as its tombstone file lists them; versions 1 to 4.
 *
 * <p>Memory is bounded whatever the file says: where its keys take more, only some that follow each other are held,
 * and asking for another one reads the file once more. Asked in ascending order, that is once for each such window.
 *
 * <p>Blocking.
 */
public final class Tombstone implements Deletions {

    /** Bytes for the keys held, unless told otherwise: some 300,000 keys. */
    public static final long MEMORY = 64L << 20;

    private static final Comparator<byte[]> ORDER = Arrays::compareUnsigned;
    private static final int ENTRY = 128; // of the map, without key and spans
    private static final int READ = 1 << 16;

    private final FileBytes source;
    private final long memory;
    private final TreeMap<byte[], TimeSet.Builder> window = new TreeMap<>(ORDER);
    private byte @Nullable [] from; // the window starts with this key, or with the first one
    private byte @Nullable [] to; // and ends before this one, or after the last one
    private long held;

    private Tombstone(FileBytes source, long memory) {
        this.source = source;
        this.memory = memory;
    }

    /** Receives the deletions in the order of the file; the same key may come often. */
    @FunctionalInterface
    public interface Visitor {

        /**
         * @param key series key, {@code #!~#}, field name
         * @param min nanoseconds since 1970, the first instant that is deleted
         * @param max the last one
         */
        void deletion(byte[] key, long min, long max) throws IOException;
    }

    /** @throws TsmDamaged if the file is cut short or is not well-formed: influxd would not open its TSM file */
    public static Tombstone read(FileBytes source) throws IOException {
        return read(source, MEMORY);
    }

    /** @param memory bytes for the keys held at a time; a single key takes what it takes, up to this */
    public static Tombstone read(FileBytes source, long memory) throws IOException {
        var tombstone = new Tombstone(source, memory);
        tombstone.load(null);
        return tombstone;
    }

    /**
     * Goes through a tombstone file; holds no more than one record.
     *
     * @throws TsmDamaged as soon as something is not well-formed; what came before has been passed on by then
     */
    public static void forEach(FileBytes source, Visitor visitor) throws IOException {
        byte[] bytes = new byte[READ];
        try (InputStream in = source.open();
                var decoder = new TombstoneDecoder(visitor)) {
            int count;
            while ((count = in.read(bytes)) >= 0) {
                decoder.feed(bytes, 0, count);
            }
            decoder.end();
        }
    }

    /** Whether nothing is deleted. */
    public boolean isEmpty() {
        return from == null && to == null && window.isEmpty();
    }

    @Override
    public TimeSet of(byte[] key) throws IOException {
        boolean inside = (from == null || ORDER.compare(from, key) <= 0) && (to == null || ORDER.compare(key, to) < 0);
        if (!inside) {
            load(key.clone());
        }
        TimeSet.Builder spans = window.get(key);
        return spans == null ? TimeSet.NONE : spans.build();
    }

    private void load(byte @Nullable [] start) throws IOException {
        window.clear();
        held = 0;
        from = start;
        to = null;
        forEach(source, this::hold);
    }

    private void hold(byte[] key, long min, long max) {
        boolean outside = (from != null && ORDER.compare(key, from) < 0) || (to != null && ORDER.compare(key, to) >= 0);
        if (outside || max < min) {
            return;
        }
        TimeSet.Builder spans = window.get(key);
        if (spans == null) {
            spans = new TimeSet.Builder();
            window.put(key, spans);
            held += ENTRY + key.length + spans.memory();
        }
        held -= spans.memory();
        spans.add(min, max);
        held += spans.memory();
        while (held > memory) {
            if (window.size() == 1) {
                throw new TsmDamaged("tombstone has more separate deletions of one key than memory is there for", 0);
            }
            Map.Entry<byte[], TimeSet.Builder> last = window.pollLastEntry();
            to = last.getKey();
            held -= ENTRY + last.getKey().length + last.getValue().memory();
        }
    }
}
