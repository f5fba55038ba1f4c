package dev.sluice.engine.stage;

import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.BlockType;
import dev.sluice.engine.tsm.FieldName;
import dev.sluice.engine.tsm.FieldTypes;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The types of fields in shards that are checked while they pass, for a target behind the check that would have to take
 * the files apart a second time. A file's types stand here before its end is passed on.
 *
 * <p>Safe for many threads. Memory: a name for each field of each shard.
 */
public final class FieldLedger {

    private final Map<ShardRef, Page> pages = new ConcurrentHashMap<>();

    /** A new attempt at a shard. */
    Page begin(ShardRef shard) {
        var page = new Page();
        pages.put(shard, page);
        return page;
    }

    /** The attempt at a shard that began last; empty if nobody checks it. */
    public Optional<Page> of(ShardRef shard) {
        return Optional.ofNullable(pages.get(shard));
    }

    /** One attempt at one shard. */
    public static final class Page {
        private final FieldTypes types = new FieldTypes();
        private final Set<String> left = ConcurrentHashMap.newKeySet();

        private Page() {}

        synchronized void add(byte[] key, BlockType type) {
            types.add(key, type);
        }

        /** A file that is changed behind the check: what is in it says nothing yet. */
        void leave(String file) {
            left.add(file);
        }

        /** Whether what is here holds for the file as it comes out. */
        public boolean has(String file) {
            return !left.contains(file);
        }

        /** What contradicts the types that a shard has, in words; empty if nothing does so far. */
        public synchronized Optional<String> conflict(FieldTypes known) {
            return known.conflict(types);
        }

        /** Fields that are in what was checked, and not among those of a shard. */
        public synchronized Set<FieldName> beyond(FieldTypes known) {
            return known.lacking(types);
        }
    }
}
