package dev.sluice.engine.format;

import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.ShardRef;
import java.util.List;
import java.util.Optional;

/**
 * What a stream archive says after the files of a shard.
 *
 * @param attempt from 1
 * @param files of this attempt, in order
 * @param problem why this attempt does not count; empty if it does
 */
public record StreamShardEnd(ShardRef shard, int attempt, List<File> files, Optional<String> problem) {

    public StreamShardEnd {
        files = List.copyOf(files);
    }

    /** @param digest of the file's bytes */
    public record File(String name, long size, Digest digest) {}
}
