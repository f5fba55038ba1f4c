package dev.sluice.engine.testkit;

import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.target.Sealed;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.target.TargetSession;
import java.util.List;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A target that takes shards without end, and gives up when it is told to.
 *
 * @param abort is subscribed to then
 */
public record NeverDone(Mono<List<Notice>> abort) implements Target, TargetSession {

    @Override
    public String describe() {
        return "never done";
    }

    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return Mono.just(this);
    }

    @Override
    public int maxOpenShards() {
        return 1;
    }

    @Override
    public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
        return Mono.never();
    }

    @Override
    public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
        return Mono.never();
    }
}
