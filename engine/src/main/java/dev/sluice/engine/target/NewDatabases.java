package dev.sluice.engine.target;

import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.source.LiveServer;
import dev.sluice.engine.wire.IdMap;
import dev.sluice.engine.wire.SnapshotRequest;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The databases that a restore makes on a running influxd: a request of type 6 for each, one at a time, as the server
 * changes its metadata without a lock.
 */
final class NewDatabases {

    /** A map of a million shards has 16 MB. */
    private static final int ID_MAP_LIMIT = 64 << 20;

    private final LiveServer server;
    private final UpdateLimit limit;
    private final List<Update> refused;
    private final List<Update> sent;

    /**
     * Takes those out of the plan that this server would misread.
     *
     * @param version of the server, where it is known
     * @param metadata of the backup
     * @param now for what has expired
     */
    NewDatabases(LiveServer server, Optional<ServerVersion> version, Metadata metadata, ImportPlan plan, Instant now) {
        this.server = server;
        this.limit = new UpdateLimit(server.transport().address(), version);
        List<Update> all = plan.imports().stream()
                .map(wanted -> Update.of(wanted, metadata, now))
                .toList();
        this.refused =
                all.stream().filter(update -> limit.refuses(update.request())).toList();
        this.sent =
                all.stream().filter(update -> !limit.refuses(update.request())).toList();
        refused.forEach(update -> plan.refuse(update.wanted(), limit.reason(update.request())));
    }

    /** Whether none is to be made. */
    boolean isEmpty() {
        return sent.isEmpty();
    }

    /** Why none can be made, if that is so because the server would misread them. */
    Optional<RestoreRefused> refusal() {
        return refused.stream()
                .findFirst()
                .map(first -> new RestoreRefused(
                        "nothing was changed: database '%s'%s: %s"
                                .formatted(
                                        first.wanted().target(),
                                        refused.size() == 1 ? "" : " and %d more".formatted(refused.size() - 1),
                                        limit.reason(first.request())),
                        UpdateLimit.REMEDY));
    }

    /** What is to be said of requests that the server may misread. */
    Optional<Notice> warning() {
        return limit.warning(sent.stream().map(Update::request).toList());
    }

    /**
     * Makes them; ends early, without an error, when the server cannot be reached any more.
     *
     * @param asked is told each one before the server is
     * @param answered is told what came of it
     */
    Mono<List<Made>> make(Consumer<DatabaseImport> asked, Consumer<Made> answered) {
        return Flux.fromIterable(sent)
                .doOnNext(update -> asked.accept(update.wanted()))
                .concatMap(this::make, 0)
                .doOnNext(answered)
                .takeUntil(made -> made.failure()
                        .filter(ConnectionFailed.class::isInstance)
                        .isPresent())
                .collectList();
    }

    /** Never fails: what the answer means shows in the server's metastore afterwards. */
    private Mono<Made> make(Update update) {
        int bytes = update.request().payload().size();
        return server.transport()
                .exchangeWhole(update.request(), ID_MAP_LIMIT, IdMap::decode)
                .map(ids -> new Made(update.wanted(), bytes, Optional.of(ids), Optional.empty()))
                .defaultIfEmpty(new Made(update.wanted(), bytes, Optional.empty(), Optional.empty()))
                .onErrorResume(
                        SluiceException.class,
                        e -> Mono.just(new Made(update.wanted(), bytes, Optional.empty(), Optional.of(e))));
    }

    /** When the server does not tell afterwards what it has. One that was never reached has what it had. */
    static SluiceException unknownState(List<Made> made, SluiceException e) {
        return made.stream()
                .findFirst()
                .flatMap(Made::failure)
                .filter(first -> first instanceof ConnectionFailed)
                .orElse(new RestoreRefused(
                        "the metadata was sent, but what became of it is not known: " + e.getMessage(),
                        "Look with SHOW DATABASES: of %s, those that are there now are empty and can be dropped."
                                .formatted(made.stream()
                                        .map(one -> "'" + one.wanted().target() + "'")
                                        .collect(Collectors.joining(", ")))));
    }

    /** One request to make a database, as it will be sent. */
    private record Update(DatabaseImport wanted, SnapshotRequest.MetastoreUpdate request) {

        static Update of(DatabaseImport wanted, Metadata metadata, Instant now) {
            return new Update(
                    wanted,
                    new SnapshotRequest.MetastoreUpdate(
                            wanted.target(), wanted.target(), "", "", wanted.payload(metadata, now)));
        }
    }

    /**
     * What came of one request to make a database.
     *
     * @param bytes of metadata that were sent
     * @param ids old and new ones of its shards, where the server told them
     */
    record Made(DatabaseImport wanted, int bytes, Optional<IdMap> ids, Optional<SluiceException> failure) {

        Map<Long, Long> told() {
            return ids.map(IdMap::ids).orElse(Map.of());
        }

        /** If the server does not have it now. */
        String whyNot() {
            return failure.map(SluiceException::getMessage)
                    .orElseGet(() ->
                            ("the server did not take the metadata, %d bytes. A server before 1.8.8 misreads what spans more than one "
                                            + "network packet (over loopback it takes more); one of InfluxDB Enterprise takes no restore on this port")
                                    .formatted(bytes));
        }
    }
}
