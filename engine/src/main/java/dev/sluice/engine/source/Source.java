package dev.sluice.engine.source;

import dev.sluice.engine.model.Selection;
import reactor.core.publisher.Mono;

/** One end of a copy: something that has shards. */
public interface Source {

    /** For people: {@code influxd://localhost:8088}. */
    String describe();

    /**
     * Finds out what there is of the selection. Cold; nothing is opened before subscription. What is selected
     * by name and does not exist is an error here, before any target is touched.
     */
    Mono<SourceSession> open(Selection selection);
}
