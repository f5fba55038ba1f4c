package dev.sluice.engine.model;

import java.util.List;
import java.util.Optional;

/**
 * What a source has of what was asked for.
 *
 * @param metadata the source's whole metastore
 * @param shards what will be read, in the source's order
 * @param notOffered shards that the metadata promises and the source does not offer (a server leaves out a
 *     shard that it could not open, without a sign)
 */
public record Catalog(Metadata metadata, List<Entry> shards, List<ShardRef> notOffered) {

    public Catalog {
        shards = List.copyOf(shards);
        notOffered = List.copyOf(notOffered);
    }

    /**
     * One shard.
     *
     * @param time of its shard group, where the metadata knows it
     */
    public record Entry(ShardRef ref, Optional<TimeRange> time) {}
}
