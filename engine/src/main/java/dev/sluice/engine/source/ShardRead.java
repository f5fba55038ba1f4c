package dev.sluice.engine.source;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import java.nio.file.Path;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** One shard of an opened source, not yet read. */
public interface ShardRead {

    ShardRef ref();

    /**
     * The shard's parts, checked while they pass: the flux completes only after a
     * {@link ShardPart.ShardEnd}. Cold: each subscription reads from the start, on its own connection; a cancel
     * stops the server at once. The subscriber releases every part.
     */
    Flux<ShardPart> parts();

    /** Where the shard's files lie as they are, all of them and nobody writing there; empty if it has to be read. */
    default Optional<Path> directory() {
        return Optional.empty();
    }

    /** Why the shard cannot be read, as far as that is known without reading: {@link #parts()} fails with it. */
    default Optional<SluiceException> problem() {
        return Optional.empty();
    }

    /**
     * Whether the selection wants this shard after all: with {@code since}, whether it has changed. Cold, costs two
     * short conversations with the server at most.
     */
    default Mono<Boolean> wanted() {
        return Mono.just(true);
    }

    /**
     * Whether the source still offers this shard. Asked after it answered with nothing at all: true means that
     * another attempt makes sense, false that the shard was dropped meanwhile. Files do not drop shards.
     */
    default Mono<Boolean> stillOffered() {
        return Mono.just(true);
    }
}
