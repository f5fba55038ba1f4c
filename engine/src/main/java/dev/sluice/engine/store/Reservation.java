package dev.sluice.engine.store;

import dev.sluice.engine.model.Digest;
import io.netty.buffer.ByteBuf;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A name that nobody else can take until it is used or given back; it is not listed meanwhile. */
public interface Reservation {

    String name();

    /** As {@link Store#put}, under the reserved name. Uses the reservation up, however it ends. */
    Mono<StoredFile> put(Flux<ByteBuf> bytes, Digest.Algorithm algorithm);

    /** Gives the name back; without effect once it was used or given back. */
    Mono<Void> release();
}
