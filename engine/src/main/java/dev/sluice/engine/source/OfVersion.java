package dev.sluice.engine.source;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.model.ShardRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A source whose server is asked for its version elsewhere. If that fails, the version is not known, which is told; a
 * backup is worth more than what it is of.
 *
 * @param version asks; empty if the server does not tell
 */
public record OfVersion(Source source, Mono<Optional<ServerVersion>> version) implements Source {

    @Override
    public String describe() {
        return source.describe();
    }

    @Override
    public Mono<SourceSession> open(Selection selection) {
        return version.map(found -> new Found(found, List.of()))
                .onErrorResume(
                        SluiceException.class,
                        e -> Mono.just(new Found(
                                Optional.empty(),
                                List.of(Notice.warning(
                                        "the backup does not say which version its server has: " + e.getMessage(),
                                        e.hint())))))
                .flatMap(found -> source.open(selection).map(session -> new Session(session, found)));
    }

    private record Found(Optional<ServerVersion> version, List<Notice> notices) {}

    private record Session(SourceSession session, Found found) implements SourceSession {
        @Override
        public Catalog catalog() {
            Catalog catalog = session.catalog();
            List<Notice> notices = new ArrayList<>(catalog.notices());
            notices.addAll(found.notices());
            return new Catalog(catalog.metadata(), catalog.shards(), catalog.notOffered(), notices, found.version());
        }

        @Override
        public Access access() {
            return session.access();
        }

        @Override
        public Flux<ShardRead> shards() {
            return session.shards();
        }

        @Override
        public Mono<List<Notice>> end() {
            return session.end();
        }

        @Override
        public Absence absence(ShardRef shard) {
            return session.absence(shard);
        }

        @Override
        public Mono<Void> close() {
            return session.close();
        }
    }
}
