package dev.sluice.engine.format;

import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.ShardRef;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a stream archive says before its first shard.
 *
 * @param created when the stream began
 * @param kind {@code full} or {@code since}
 * @param digest of the files
 * @param metadata digest of the metadata before it
 * @param shards what will come, unless the source drops it meanwhile; not in this order
 * @param notOffered shards that the metadata promises and the source did not offer
 * @param server version of the server, where it was asked
 */
public record StreamCatalog(
        Instant created,
        String kind,
        Digest.Algorithm digest,
        Optional<Digest> metadata,
        List<ShardRef> shards,
        List<ShardRef> notOffered,
        Optional<String> server) {

    public StreamCatalog {
        shards = List.copyOf(shards);
        notOffered = List.copyOf(notOffered);
    }
}
