package dev.sluice.engine.store;

import dev.sluice.engine.model.Digest;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A reservation that is used or given back once, whatever keeps its name free. */
abstract class Claim implements Reservation, PendingFile.Opener {

    private final String name;
    private final AtomicBoolean used = new AtomicBoolean();

    Claim(String name) {
        this.name = name;
    }

    /** Writes the file; {@link #open} and {@link #abandon} are its opener's. */
    abstract Mono<StoredFile> write(Flux<ByteBuf> bytes, Digest.Algorithm algorithm);

    /** Lets others have the name; cold. */
    abstract Mono<Void> giveBack();

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final Mono<StoredFile> put(Flux<ByteBuf> bytes, Digest.Algorithm algorithm) {
        return Mono.defer(() -> used.compareAndSet(false, true)
                ? write(bytes, algorithm)
                : Mono.error(new IllegalStateException("reservation of " + name + " was used already")));
    }

    @Override
    public final Mono<Void> release() {
        return Mono.defer(() -> used.compareAndSet(false, true) ? giveBack() : Mono.empty());
    }
}
