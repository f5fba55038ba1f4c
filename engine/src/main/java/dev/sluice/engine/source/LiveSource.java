package dev.sluice.engine.source;

import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.wire.SnapshotRequest;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A running influxd, read over its snapshot RPC. The catalog is made of two answers: the metastore says what there
 * should be, the path list what the server has open; the difference is not offered, which nobody else would tell.
 */
public final class LiveSource implements Source {

    private final LiveServer server;
    private final Clock clock;

    /** @param clock tells which shards may have been created ahead and do not exist yet */
    public LiveSource(LiveServer server, Clock clock) {
        this.server = server;
        this.clock = clock;
    }

    @Override
    public String describe() {
        return server.describe();
    }

    @Override
    public Mono<SourceSession> open(Selection selection) {
        return server.metadata().flatMap(metadata -> {
            LiveCatalog plan = new LiveCatalog(Metastore.decode(metadata), selection);
            return plan.paths(server).map(paths -> new Session(plan.of(metadata, paths, clock.instant()), selection));
        });
    }

    private final class Session implements SourceSession {
        private final Catalog catalog;
        private final Selection selection;

        private Session(Catalog catalog, Selection selection) {
            this.catalog = catalog;
            this.selection = selection;
        }

        @Override
        public Catalog catalog() {
            return catalog;
        }

        @Override
        public Access access() {
            return Access.AGAIN;
        }

        @Override
        public Flux<ShardRead> shards() {
            return Flux.fromIterable(catalog.shards()).map(entry -> new LiveShard(entry.ref(), selection));
        }

        @Override
        public Absence absence(ShardRef shard) {
            return Absence.notOpen(shard);
        }

        @Override
        public Mono<Void> close() {
            return Mono.empty();
        }
    }

    private final class LiveShard implements ShardRead {
        private final ShardRef ref;
        private final Selection selection;

        private LiveShard(ShardRef ref, Selection selection) {
            this.ref = ref;
            this.selection = selection;
        }

        @Override
        public ShardRef ref() {
            return ref;
        }

        /** Whole shards with request type 0: the server's own time filter (type 5) loses data. */
        @Override
        public Flux<ShardPart> parts() {
            return read(SnapshotRequest.ShardBackup.of(ref, SnapshotRequest.ShardBackup.ALL));
        }

        /**
         * A file that changed, or none left at all: where everything in it was deleted, the server takes a file away,
         * and an older archive still has it.
         */
        @Override
        public Mono<Boolean> wanted() {
            return selection
                    .since()
                    .map(since -> hasFiles(since)
                            .flatMap(changed -> changed
                                    ? Mono.just(true)
                                    : hasFiles(SnapshotRequest.ShardBackup.ALL).map(some -> !some)))
                    .orElse(Mono.just(true));
        }

        /** The first part tells: a file, or the end. The rest is not read. */
        private Mono<Boolean> hasFiles(Instant since) {
            return read(SnapshotRequest.ShardBackup.of(ref, since))
                    .map(part -> {
                        part.release();
                        return part instanceof ShardPart.FileStart;
                    })
                    .next();
        }

        @Override
        public Mono<Boolean> stillOffered() {
            return server.paths(new SnapshotRequest.DatabaseInfo(Optional.of(ref.database())))
                    .map(paths -> paths.contains(ref))
                    // The whole database may be gone by now: then its list is an empty answer.
                    .onErrorResume(EmptyAnswer.class, e -> Mono.just(false));
        }

        private Flux<ShardPart> read(SnapshotRequest request) {
            return server.transport().exchange(request).transform(TarReader.parts(ref));
        }
    }
}
