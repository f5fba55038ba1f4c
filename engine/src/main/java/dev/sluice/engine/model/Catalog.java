package dev.sluice.engine.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a source has of what was asked for.
 *
 * @param metadata the source's whole metastore
 * @param shards what will be read, in the source's order
 * @param notOffered shards that the metadata promises and the source does not offer (a server leaves out a
 *     shard that it could not open, without a sign)
 * @param notices what else a person should know of the source
 * @param version of the server that all of it is from, where that is known
 */
public record Catalog(
        Metadata metadata,
        List<Entry> shards,
        List<ShardRef> notOffered,
        List<Notice> notices,
        Optional<ServerVersion> version) {

    public Catalog {
        shards = List.copyOf(shards);
        notOffered = List.copyOf(notOffered);
        notices = List.copyOf(notices);
    }

    /** A catalog of a server of unknown version. */
    public Catalog(Metadata metadata, List<Entry> shards, List<ShardRef> notOffered, List<Notice> notices) {
        this(metadata, shards, notOffered, notices, Optional.empty());
    }

    /** A catalog of which there is nothing else to say. */
    public Catalog(Metadata metadata, List<Entry> shards, List<ShardRef> notOffered) {
        this(metadata, shards, notOffered, List.of());
    }

    /** Length of all tars; empty if one of them is not known before it is read. */
    public OptionalLong rawBytes() {
        return shards.stream().allMatch(entry -> entry.rawBytes().isPresent())
                ? OptionalLong.of(shards.stream()
                        .mapToLong(entry -> entry.rawBytes().orElseThrow())
                        .sum())
                : OptionalLong.empty();
    }

    /**
     * One shard.
     *
     * @param time of its shard group, where the metadata knows it
     * @param rawBytes length of its tar, where that is known before it is read
     */
    public record Entry(ShardRef ref, Optional<TimeRange> time, OptionalLong rawBytes) {}
}
