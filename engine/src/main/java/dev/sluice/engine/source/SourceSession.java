package dev.sluice.engine.source;

import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An opened source. Used within {@code usingWhen}, so {@link #close()} runs however the copy ends. */
public interface SourceSession {

    Catalog catalog();

    Access access();

    /**
     * The catalog's shards in the source's order; cold. With {@link Access#ONE_PASS} the next one is there only after
     * the parts of the one before have ended, and every one must be read.
     */
    Flux<ShardRead> shards();

    /**
     * Reads on to the source's real end, after all of {@link #shards()} had their fate and before the target is
     * sealed, and tells what it found there. A source that turns out to be incomplete signals an error.
     */
    default Mono<List<Notice>> end() {
        return Mono.just(List.of());
    }

    /** Why a shard that is promised is not among {@link #shards()}; after {@link #end()} for sure. */
    Absence absence(ShardRef shard);

    /** Gives back what {@link Source#open} took; safe to call twice. */
    Mono<Void> close();
}
