package dev.sluice.engine.source;

import dev.sluice.engine.model.Catalog;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An opened source. Used within {@code usingWhen}, so {@link #close()} runs however the copy ends. */
public interface SourceSession {

    Catalog catalog();

    Access access();

    /** The catalog's shards in the source's order; cold. */
    Flux<ShardRead> shards();

    /** Gives back what {@link Source#open} took; safe to call twice. */
    Mono<Void> close();
}
