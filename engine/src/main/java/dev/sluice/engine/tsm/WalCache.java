package dev.sluice.engine.tsm;

import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a WAL comes to: its entries applied one after the other, values by key. Deletes take what was written before
 * them, the last value of a time wins.
 *
 * <p>Memory is bounded: what does not fit is left out from some key on. {@link #rest()} tells which, and the WAL read
 * again into a cache that starts with it holds the next keys.
 */
public final class WalCache {

    private static final Comparator<byte[]> ORDER = Arrays::compareUnsigned;
    private static final int ENTRY = 160; // of the map, and the objects of a key

    private final long memory;
    private final byte @Nullable [] from;
    private final TreeMap<byte[], WalPoints> points = new TreeMap<>(ORDER);
    private byte @Nullable [] rest;
    private long held;
    private long refused;

    /**
     * @param memory bytes for keys and values; a single key takes what it takes
     * @param from the first key to hold, or null for the first of all
     */
    public WalCache(long memory, byte @Nullable [] from) {
        this.memory = memory;
        this.from = from;
    }

    /** Applies the next entry. */
    public void apply(WalEntry entry) throws IOException {
        if (entry instanceof WalEntry.Write write) {
            write.forEach(this::add);
        } else if (entry instanceof WalEntry.Delete delete) {
            delete.keys().forEach(key -> remove(key, delete.times()));
        }
    }

    /** The first key that found no room, or null if all did. */
    public byte @Nullable [] rest() {
        return rest;
    }

    /** Values that no server would have accepted: NaN, of another type than the key had, or of no field. */
    public long refused() {
        return refused;
    }

    /** Receives the keys, ascending. */
    @FunctionalInterface
    public interface Visitor {

        /** @param blocks ascending in time, at least one, of any size */
        void key(byte[] key, List<TsmBlock> blocks) throws IOException;
    }

    public void forEach(Visitor visitor) throws IOException {
        for (Map.Entry<byte[], WalPoints> entry : points.entrySet()) {
            visitor.key(entry.getKey(), entry.getValue().toBlocks());
        }
    }

    private void add(byte[] key, WalPoints fresh) {
        if (isOutside(key)) {
            return;
        }
        if (Keys.separator(key) < 0) { // of no field: no server writes that
            refused += fresh.size();
            return;
        }
        WalPoints there = points.get(key);
        if (there == null) {
            there = new WalPoints(fresh.type(), fresh.size());
            refused += there.addAll(fresh);
            if (there.size() > 0) {
                points.put(key, there);
                held += memory(key, there);
            }
        } else if (there.type() == fresh.type()) {
            held -= memory(key, there);
            refused += there.addAll(fresh);
            held += memory(key, there);
        } else {
            refused += fresh.size();
        }
        while (held > memory && points.size() > 1) {
            Map.Entry<byte[], WalPoints> last = points.pollLastEntry();
            held -= memory(last.getKey(), last.getValue());
            rest = last.getKey();
        }
    }

    private void remove(byte[] key, TimeSet deleted) {
        WalPoints there = points.get(key);
        if (there == null) {
            return;
        }
        held -= memory(key, there);
        there.remove(deleted);
        if (there.size() == 0) {
            points.remove(key);
        } else {
            held += memory(key, there);
        }
    }

    private boolean isOutside(byte[] key) {
        return (from != null && ORDER.compare(key, from) < 0) || (rest != null && ORDER.compare(key, rest) >= 0);
    }

    private static long memory(byte[] key, WalPoints points) {
        return ENTRY + key.length + points.memory();
    }
}
