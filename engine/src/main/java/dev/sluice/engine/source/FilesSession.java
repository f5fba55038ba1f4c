package dev.sluice.engine.source;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * An opened source of files, which need not be closed.
 *
 * @param absences why there is no more of a shard that is promised
 * @param found what was found while reading, beside the shards' fates
 */
record FilesSession(
        Catalog catalog,
        List<? extends ShardRead> reads,
        Function<ShardRef, Absence> absences,
        Supplier<List<Notice>> found)
        implements SourceSession {

    /** A shard that is always wanted, as files cannot tell since when they are there. */
    record Read(ShardRef ref, Flux<ShardPart> parts, Optional<Path> directory, Optional<SluiceException> problem)
            implements ShardRead {

        /** Of a shard that lies in a directory. */
        Read(ShardRef ref, Flux<ShardPart> parts, Optional<Path> directory) {
            this(ref, parts, directory, Optional.empty());
        }

        /** Of a shard that lies in an archive. */
        Read(ShardRef ref, Flux<ShardPart> parts) {
            this(ref, parts, Optional.empty());
        }

        /** Of a shard of which it is known that it cannot be read. */
        Read(ShardRef ref, SluiceException problem) {
            this(ref, Flux.error(problem), Optional.empty(), Optional.of(problem));
        }
    }

    /** Of a backup that does not tell why it lacks a shard. */
    FilesSession(Catalog catalog, List<? extends ShardRead> reads, Supplier<List<Notice>> found) {
        this(catalog, reads, shard -> Absence.before(), found);
    }

    @Override
    public Absence absence(ShardRef shard) {
        return absences.apply(shard);
    }

    @Override
    public Access access() {
        return Access.SEEKABLE;
    }

    @Override
    public Flux<ShardRead> shards() {
        return Flux.fromIterable(reads);
    }

    @Override
    public Mono<List<Notice>> end() {
        return Mono.fromSupplier(found);
    }

    @Override
    public Mono<Void> close() {
        return Mono.empty();
    }
}
