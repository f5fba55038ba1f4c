package dev.sluice.engine.source;

import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.wire.MetastoreAnswer;
import dev.sluice.engine.wire.PathList;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * A running influxd, read over its snapshot RPC. The catalog is made of two answers: the metastore says what there
 * should be, the path list what the server has open; the difference is not offered, which nobody else would tell.
 */
public final class LiveSource implements Source {

    /** No metastore comes near this; an endless answer is not one. */
    private static final int ANSWER_LIMIT = 256 << 20;

    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);

    private final SnapshotTransport transport;
    private final int retries;
    private final Clock clock;

    /** @param retries of the two small requests that make the catalog */
    public LiveSource(SnapshotTransport transport, int retries, Clock clock) {
        this.transport = transport;
        this.retries = retries;
        this.clock = clock;
    }

    @Override
    public String describe() {
        return "influxd://" + transport.address();
    }

    /**
     * Reads metastore and path list. A server that is starting up takes connections before its service is ready and
     * closes them without an answer after 30 s (observed): such an answer, and a broken connection, are tried again.
     */
    @Override
    public Mono<SourceSession> open(Selection selection) {
        return metadata().flatMap(metadata -> {
            LiveCatalog plan = new LiveCatalog(Metastore.decode(metadata), selection);
            return paths(plan.listing())
                    .map(paths -> new Session(plan.of(metadata, paths, clock.instant()), selection));
        });
    }

    private Mono<Metadata> metadata() {
        return ask(new SnapshotRequest.MetastoreBackup(), MetastoreAnswer::decode)
                .map(MetastoreAnswer::metadata);
    }

    private Mono<List<ShardRef>> paths(SnapshotRequest listing) {
        return ask(listing, PathList::decode).map(PathList::shards);
    }

    private <T> Mono<T> ask(SnapshotRequest request, Function<ByteBuf, T> decode) {
        return transport
                .exchangeWhole(request, ANSWER_LIMIT, decode)
                .switchIfEmpty(Mono.error(() -> new EmptyAnswer(request.describe())))
                .retryWhen(Retry.backoff(retries, FIRST_PAUSE)
                        .filter(e -> e instanceof EmptyAnswer || e instanceof ConnectionLost)
                        .onRetryExhaustedThrow((spec, last) -> last.failure()));
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

        /** The first part of what changed tells: a file, or the end. The rest is not read. */
        @Override
        public Mono<Boolean> wanted() {
            return selection
                    .since()
                    .map(since -> read(SnapshotRequest.ShardBackup.of(ref, since))
                            .map(part -> {
                                part.release();
                                return part instanceof ShardPart.FileStart;
                            })
                            .next())
                    .orElse(Mono.just(true));
        }

        @Override
        public Mono<Boolean> stillOffered() {
            return paths(new SnapshotRequest.DatabaseInfo(Optional.of(ref.database())))
                    .map(paths -> paths.contains(ref))
                    // The whole database may be gone by now: then its list is an empty answer.
                    .onErrorResume(EmptyAnswer.class, e -> Mono.just(false));
        }

        private Flux<ShardPart> read(SnapshotRequest request) {
            return transport.exchange(request).transform(TarReader.parts(ref));
        }
    }
}
