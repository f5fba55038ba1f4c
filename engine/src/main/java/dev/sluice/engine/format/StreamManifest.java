package dev.sluice.engine.format;

import dev.sluice.engine.model.ShardRef;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a stream archive says at its end. One without is incomplete.
 *
 * @param shards those that are in the stream whole, in its order
 * @param missing those that were announced or promised and are not
 * @param unchanged those that were left out because nothing changed in them
 * @param leftovers paths of files that belong to attempts which do not count, and that no later entry replaces: to be
 *     deleted after unpacking with other tools
 */
public record StreamManifest(
        List<Shard> shards, List<Missing> missing, List<ShardRef> unchanged, List<String> leftovers) {

    public StreamManifest {
        shards = List.copyOf(shards);
        missing = List.copyOf(missing);
        unchanged = List.copyOf(unchanged);
        leftovers = List.copyOf(leftovers);
    }

    /**
     * A shard.
     *
     * @param attempt the one that counts
     * @param offset of its first entry in the tar
     * @param bytes from there to the end of its end record
     * @param size of its archive as the source sent it; empty in streams that do not tell
     */
    public record Shard(ShardRef ref, int attempt, int files, long offset, long bytes, OptionalLong size) {}

    /** @param why a clause for people */
    public record Missing(ShardRef ref, String why) {}
}
