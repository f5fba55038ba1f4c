package dev.sluice.engine.format;

import dev.sluice.engine.model.ShardRef;
import java.util.Optional;

/**
 * The paths in a stream archive. The tree under {@code data} is that of a server's data directory, the one under
 * {@code meta} that of its meta directory; what is Sluice's own stands beside them.
 */
public final class StreamLayout {

    /** The metastore; the first entry. */
    public static final String META = "meta/meta.db";

    /** The {@link StreamCatalog}; the second entry. */
    public static final String CATALOG = "sluice/catalog.json";

    /** The {@link StreamManifest}; the last entry. */
    public static final String MANIFEST = "manifest.json";

    private static final String DATA = "data/";
    private static final String ENDS = "sluice/shards/";
    private static final String JSON = ".json";

    private StreamLayout() {}

    /** Where a shard's file stands. */
    public static String file(ShardRef shard, String name) {
        return DATA + shard + "/" + name;
    }

    /** Where the {@link StreamShardEnd} of an attempt stands. */
    public static String end(ShardRef shard, int attempt) {
        return ENDS + shard + "." + attempt + JSON;
    }

    /** Whether a path is that of a {@link StreamShardEnd}. */
    public static boolean isEnd(String path) {
        return path.startsWith(ENDS) && path.endsWith(JSON);
    }

    /** The shard that a file or an end record belongs to; empty if the path is neither's. */
    public static Optional<ShardRef> shardOf(String path) {
        if (path.startsWith(DATA)) {
            int slash = path.lastIndexOf('/');
            return slash < DATA.length() ? Optional.empty() : ShardRef.parse(path.substring(DATA.length(), slash));
        }
        if (isEnd(path)) {
            int dot = path.lastIndexOf('.', path.length() - JSON.length() - 1);
            return dot < ENDS.length() ? Optional.empty() : ShardRef.parse(path.substring(ENDS.length(), dot));
        }
        return Optional.empty();
    }

    /** The base name of a shard's file. */
    public static String nameOf(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
