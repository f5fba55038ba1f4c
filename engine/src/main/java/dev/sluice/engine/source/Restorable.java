package dev.sluice.engine.source;

import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A source without what nobody wants restored: the server's own statistics in {@code _internal} unless they are asked for
 * by name, as the original has it, and shards that retention had dropped already, which a server would take, never show
 * and drop again.
 */
public final class Restorable implements Source {

    private static final String INTERNAL = "_internal";

    private final Source source;

    public Restorable(Source source) {
        this.source = source;
    }

    @Override
    public String describe() {
        return source.describe();
    }

    @Override
    public Mono<SourceSession> open(Selection selection) {
        return source.open(selection).map(session -> new Session(session, selection));
    }

    private static final class Session implements SourceSession {
        private final SourceSession session;
        private final Catalog catalog;
        private final Set<ShardRef> kept;

        private Session(SourceSession session, Selection selection) {
            this.session = session;
            Catalog all = session.catalog();
            Metastore metastore = Metastore.decode(all.metadata());
            boolean internal =
                    selection.database().isPresent() || selection.shard().isPresent();
            List<Notice> notices = new ArrayList<>(all.notices());
            List<ShardRef> deleted = new ArrayList<>();
            List<Catalog.Entry> entries = new ArrayList<>();
            for (Catalog.Entry entry : all.shards()) {
                if (isDeleted(metastore, entry.ref())) {
                    deleted.add(entry.ref());
                } else if (internal || !entry.ref().database().equals(INTERNAL)) {
                    entries.add(entry);
                }
            }
            if (!deleted.isEmpty()) {
                notices.add(Notice.note(
                        "left out, as retention had dropped them when the backup was made: "
                                + deleted.stream().map(ShardRef::toString).collect(Collectors.joining(", ")),
                        ""));
            }
            if (!internal && all.shards().stream().anyMatch(entry -> isInternal(entry.ref()))) {
                notices.add(Notice.note(
                        "left out: _internal, the statistics of the server that was backed up",
                        "Give '-db _internal -newdb NAME' to have them."));
            }
            this.catalog = new Catalog(
                    all.metadata(),
                    entries,
                    all.notOffered().stream()
                            .filter(ref -> internal || !isInternal(ref))
                            .toList(),
                    notices,
                    all.version());
            this.kept = entries.stream().map(Catalog.Entry::ref).collect(Collectors.toSet());
        }

        private static boolean isInternal(ShardRef ref) {
            return ref.database().equals(INTERNAL);
        }

        private static boolean isDeleted(Metastore metastore, ShardRef ref) {
            return metastore
                    .locate(ref.id())
                    .filter(shard -> shard.ref().equals(ref))
                    .map(shard -> shard.group().deletedAt().isPresent())
                    .orElse(false);
        }

        @Override
        public Catalog catalog() {
            return catalog;
        }

        @Override
        public Access access() {
            return session.access();
        }

        @Override
        public Flux<ShardRead> shards() {
            return session.shards().filter(shard -> kept.contains(shard.ref()));
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
