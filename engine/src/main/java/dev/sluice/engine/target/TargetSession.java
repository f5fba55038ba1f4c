package dev.sluice.engine.target;

import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A target at work. Ends with exactly one of {@link #seal} and {@link #abort}. */
public interface TargetSession {

    /**
     * Makes what the shards need, before anything else is asked; {@link #refused} and {@link #found} hold afterwards.
     * What it has made when it fails or is cancelled is for {@link #abort}, which follows.
     */
    default Mono<Void> prepare() {
        return Mono.empty();
    }

    /** How many shards may be written at the same time. */
    int maxOpenShards();

    /**
     * Shards of the catalog that this target does not take, as it found when it began, and why: a sentence for people.
     * They are not read, and count as missing.
     */
    default Map<ShardRef, String> refused() {
        return Map.of();
    }

    /** What a person should know before the first shard moves. */
    default List<Notice> found() {
        return List.of();
    }

    /**
     * Takes one shard. The receipt comes when the shard is durable under its final name; on error or cancel
     * nothing of this attempt is left. Parts are requested as fast as they come to rest, not faster.
     *
     * @param shard as the source names it
     * @param stored is told the number of bytes each time some are on their way to rest
     */
    Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored);

    /**
     * To be asked when the last attempt at a shard has failed: what there is of it all the same, as one of several
     * targets may have it where another has failed. Empty: the shard has failed.
     */
    default Optional<ShardReceipt> keptOf(ShardRef shard) {
        return Optional.empty();
    }

    /**
     * Makes the stored shards into a whole; nothing before this counts as one.
     *
     * @param outcomes one for each shard, in the source's order
     */
    Mono<Sealed> seal(List<ShardOutcome> outcomes);

    /** Gives up, and tells what stays behind and how to clean up, if there is something. */
    Mono<List<Notice>> abort();
}
