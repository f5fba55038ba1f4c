package dev.sluice.engine.model;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a target says of a shard that it has taken whole.
 *
 * @param rawBytes length of the shard's tar
 * @param storedBytes what came to rest, after compression; for a server, what was sent
 * @param location for people: the file's name, or the shard on the server
 * @param digest of the stored bytes, where they are a file
 * @param files the names in the archive, in order
 * @param syncing time spent on making the file durable
 */
public record ShardReceipt(
        ShardRef ref,
        long rawBytes,
        long storedBytes,
        String location,
        Compression compression,
        Optional<Digest> digest,
        List<String> files,
        Duration syncing) {

    public ShardReceipt {
        files = List.copyOf(files);
    }
}
