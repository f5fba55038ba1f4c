package dev.sluice.engine.stage;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;

/**
 * Something that a shard's parts pass on their way from source to target: a check, the application of tombstones, a
 * slice. Cold and without state of its own: what an attempt needs is made when it is subscribed to.
 */
@FunctionalInterface
public interface ShardStage {

    /**
     * Puts the stage on the way of one attempt at a shard.
     *
     * @param parts are taken over; the subscriber of the result releases what it gets
     * @param tell what a person should know; kept only if the attempt succeeds
     */
    Flux<ShardPart> apply(ShardRef shard, Flux<ShardPart> parts, Consumer<Notice> tell);
}
