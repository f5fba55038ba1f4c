package dev.sluice.engine.target;

import dev.sluice.engine.model.Catalog;
import reactor.core.publisher.Mono;

/** One end of a copy: something that takes shards. */
public interface Target {

    /** For people: {@code portable:/backup/monday}. */
    String describe();

    /**
     * Prepares for the catalog's shards, or refuses before one byte moves. Cold.
     */
    Mono<TargetSession> begin(Catalog catalog);
}
