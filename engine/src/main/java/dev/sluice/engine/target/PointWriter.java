package dev.sluice.engine.target;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import java.util.List;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Writes the points of a shard into a running server, where the shard as a whole has no place. Slower than an upload; a
 * value that the server has for a point is replaced.
 */
public interface PointWriter {

    /**
     * Writes one shard. Cold. Nothing is written before {@code parts} have completed, so that an error in them changes
     * nothing; after that a failure or a cancel leaves what was written, and to write the same again does no harm.
     *
     * @param shard as the source names it, without deletions
     * @param database where the points go
     * @param policy where the points go
     * @param parts taken over
     * @param sent is told of bytes of text that are on their way
     * @param taken is told how many points the server has taken if it fails or is cancelled, before that shows
     */
    Mono<Written> write(
            ShardRef shard,
            String database,
            String policy,
            Flux<ShardPart> parts,
            LongConsumer sent,
            LongConsumer taken);

    /**
     * What came of a shard whose points are all written or rejected.
     *
     * @param points that the server stored
     * @param rejected points that it did not take
     * @param reasons of the first few, in the server's words
     * @param bytes of text
     * @param damage what could not be read, and was left out therefore
     */
    record Written(long points, long rejected, List<String> reasons, long bytes, List<String> damage) {
        public Written {
            reasons = List.copyOf(reasons);
            damage = List.copyOf(damage);
        }
    }
}
