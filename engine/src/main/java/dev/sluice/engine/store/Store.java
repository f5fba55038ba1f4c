package dev.sluice.engine.store;

import dev.sluice.engine.model.Digest;
import io.netty.buffer.ByteBuf;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Files under names, without folders. Every publisher is cold and works on the store's own threads; results
 * arrive there too. Failures are {@link dev.sluice.engine.error.StoreFailed}; a name that cannot be one
 * (empty, beginning with a dot, with a slash, backslash or control character) is
 * {@link dev.sluice.engine.error.InvalidRequest}.
 */
public interface Store {

    /** For people: the directory. */
    String describe();

    /** For people: where the file of this name is. */
    String describe(String name);

    /**
     * Writes a file and publishes it under its name when it is complete and durable. Until then it is not to be
     * seen by readers of the format; on error or cancel it is removed, and the error is signalled after that.
     * Never replaces a file: a taken or reserved name is an error, found at the start if it can be, so that
     * {@code bytes} is not subscribed to in vain.
     *
     * <p>Takes over the buffers. No more than two are asked for ahead of what was written.
     *
     * @param algorithm of the digest over the bytes
     */
    Mono<StoredFile> put(String name, Flux<ByteBuf> bytes, Digest.Algorithm algorithm);

    /** Claims a name for later; empty if it is taken or claimed already. */
    Mono<Reservation> reserve(String name);

    /**
     * The bytes of a file in chunks of bounded size, read on demand; the subscriber releases them. Signals
     * {@link dev.sluice.engine.error.NotThere} if there is no such file.
     */
    Flux<ByteBuf> get(String name);

    /** The file of this name, to be read at any place; empty if this kind of store has only {@link #get}. */
    default Optional<PlainFile> plain(String name) {
        return Optional.empty();
    }

    /** The published files by name, in ascending order. */
    Flux<StoreEntry> list();

    /**
     * Files that are not published: somebody writes them now, or was killed while writing. Nothing in a store tells one
     * from the other. Their names are no names for {@link #get}.
     */
    default Flux<StoreEntry> unfinished() {
        return Flux.empty();
    }

    /** Both lists. The unfinished first: a file that is published meanwhile is in both, and not in none. */
    default Mono<StoreContent> content() {
        return unfinished()
                .collectList()
                .flatMap(unfinished -> list().collectList().map(files -> new StoreContent(files, unfinished)));
    }

    /** Whether a published file has this name. */
    Mono<Boolean> exists(String name);

    /** Removes a published file; says whether there was one. */
    Mono<Boolean> delete(String name);
}
