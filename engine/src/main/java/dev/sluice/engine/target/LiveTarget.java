package dev.sluice.engine.target;

import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.line.InfluxQl;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Located;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.source.LiveServer;
import dev.sluice.engine.stage.FieldLedger;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * A running influxd that gets databases which it does not have.
 *
 * <p>The databases are made by request type 6, one at a time, as the server changes its metadata without a lock. A
 * database that exists stays as it is: its shards are refused, the others are restored. Then each shard is uploaded
 * (type 7), which nobody acknowledges: the server's close is awaited, and the shard is read back and compared, or counted by the server itself.
 */
public final class LiveTarget implements Target {

    /**
     * Generations that lie between those of two attempts, and below those of the first. A file that the server makes
     * itself meanwhile counts from 1 and must not be replaced; one that an attempt has left half written must not be
     * written again, as the server does not shorten it.
     */
    private static final long GENERATIONS = 10_000;

    private final LiveServer server;
    private final LiveOptions options;
    private final Optional<InfluxHttp> http;
    private final Optional<PointWriter> points;
    private final Optional<FieldWriter> fields;
    private final FieldLedger ledger;
    private final Clock clock;
    private final Scheduler workers;

    /**
     * @param http the server's HTTP API, for what the backup port cannot do; stays the caller's
     * @param points writes shards that find no place in a database that exists; empty: they are refused
     * @param fields lets the server show fields that a shard did not have; empty: they are told
     * @param ledger what the check before this target knows of the shards; may be empty
     * @param workers for what burns processor time
     */
    public LiveTarget(
            LiveServer server,
            LiveOptions options,
            Optional<InfluxHttp> http,
            Optional<PointWriter> points,
            Optional<FieldWriter> fields,
            FieldLedger ledger,
            Clock clock,
            Scheduler workers) {
        this.server = server;
        this.options = options;
        this.http = http;
        this.points = points;
        this.fields = fields;
        this.ledger = ledger;
        this.clock = clock;
        this.workers = workers;
    }

    @Override
    public String describe() {
        return server.describe();
    }

    /** Looks at what the server has, and changes nothing. Signals {@link RestoreRefused} if it can take nothing. */
    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return version()
                .flatMap(version ->
                        server.metadata().map(Metastore::decode).flatMap(before -> begin(catalog, before, version)));
    }

    private Mono<TargetSession> begin(Catalog catalog, Metastore before, Optional<ServerVersion> version) {
        var plan = new ImportPlan(catalog, options, before, clock.instant());
        var databases = new NewDatabases(server, version, catalog.metadata(), plan, clock.instant());
        if (databases.isEmpty() && plan.merges().isEmpty()) {
            return Mono.error(databases.refusal().orElseGet(() -> nothingToDo(plan)));
        }
        List<Notice> found = new ArrayList<>(plan.notices());
        version.flatMap(target -> VersionGap.between(catalog.version(), target)).ifPresent(found::add);
        databases.warning().ifPresent(found::add);
        return checkAccess(plan).then(Mono.fromSupplier(() -> new Session(plan, before, databases, found)));
    }

    /** What the server says it is; empty where its HTTP API is not known, or does not tell. */
    private Mono<Optional<ServerVersion>> version() {
        return http.map(api -> api.ping().map(ServerVersion::parse).doOnNext(this::refuseOlder))
                .orElse(Mono.just(Optional.empty()));
    }

    private void refuseOlder(Optional<ServerVersion> version) {
        version.filter(old -> old.isBefore(1, 5, 0)).ifPresent(old -> {
            throw new RestoreRefused(
                    "%s is an influxd %s: before 1.5 a server takes no restore over its backup port"
                            .formatted(server.describe(), old),
                    "Stop it and restore to its directories: -datadir and -metadir.");
        });
    }

    /** Who may not ask is told before anything moves; who is to drop databases if it fails, above all. */
    private Mono<Void> checkAccess(ImportPlan plan) {
        boolean needed =
                http.isPresent() && (options.cleanup() || !plan.merges().isEmpty());
        if (options.verification() == Verification.COUNTS && http.isPresent()) {
            return new FileCounts(http.get()).askable();
        }
        return needed || new LeftOut(plan.source(), options, http).needsHttp(plan.imports())
                ? http.orElseThrow().execute("SHOW DATABASES")
                : Mono.empty();
    }

    private RestoreRefused nothingToDo(ImportPlan plan) {
        if (plan.existing().isEmpty()) {
            return new RestoreRefused(
                    "there is no database to restore",
                    "'sluice list' shows what a backup holds; check -db and -shard.");
        }
        return new RestoreRefused(
                "DB metadata not changed. database may already exist: %s on %s does, and stays as it is"
                        .formatted(
                                plan.existing().stream()
                                        .map(name -> "'" + name + "'")
                                        .collect(Collectors.joining(", ")),
                                server.describe()),
                "Restore it under another name with -db and -newdb, or into what is there with --into-existing; "
                        + "or drop it first.");
    }

    private final class Session implements TargetSession {
        private final ImportPlan plan;
        private final Metastore before;
        private final NewDatabases databases;
        private final List<Notice> found;

        /** By name; those that the server says it has made, until its metastore says otherwise. */
        private final Map<String, DatabaseImport> created = new ConcurrentSkipListMap<>();

        /** Those that were asked for, as long as nobody knows what became of them. */
        private final Set<String> uncertain = new ConcurrentSkipListSet<>();

        private final Map<ShardRef, ShardRef> places = new LinkedHashMap<>();
        private final Set<ShardRef> merged = new LinkedHashSet<>();

        /** Shards that go as points, with those of the server that they have time in common with. */
        private final Map<ShardRef, List<ShardRef>> spread = new LinkedHashMap<>();

        private final Map<ShardRef, String> refused;
        private final List<Notice> notices = new CopyOnWriteArrayList<>();
        private final Map<ShardRef, Integer> attempts = new ConcurrentHashMap<>();
        private final ProvenUploads uploads = new ProvenUploads(server.transport(), options.verification(), http);
        private final PointsAccount account = new PointsAccount();
        private final FreshFields fresh = new FreshFields(fields, clock.instant());

        private Session(ImportPlan plan, Metastore before, NewDatabases databases, List<Notice> found) {
            this.plan = plan;
            this.before = before;
            this.databases = databases;
            this.found = List.copyOf(found);
            this.refused = new LinkedHashMap<>(plan.refused());
        }

        /** Makes the databases. Signals {@link RestoreRefused} if the server takes none of them. */
        @Override
        public Mono<Void> prepare() {
            return databases
                    .make(wanted -> uncertain.add(wanted.target()), this::answered)
                    .flatMap(this::judge);
        }

        /** One without new shards may be somebody else's: it is not ours to drop before the metastore was seen. */
        private void answered(NewDatabases.Made made) {
            String name = made.wanted().target();
            if (!made.told().isEmpty()) {
                created.put(name, made.wanted());
                uncertain.remove(name);
            } else if (made.failure().filter(ConnectionFailed.class::isInstance).isPresent()) {
                uncertain.remove(name);
            }
        }

        private Mono<Void> judge(List<NewDatabases.Made> made) {
            return server.metadata()
                    .map(Metastore::decode)
                    .onErrorMap(SluiceException.class, e -> NewDatabases.unknownState(made, e))
                    .flatMap(after -> {
                        uncertain.clear();
                        for (DatabaseImport wanted : plan.imports()) {
                            made.stream()
                                    .filter(one -> one.wanted().equals(wanted))
                                    .findFirst()
                                    .ifPresentOrElse(
                                            one -> take(one, after),
                                            () -> refuse(wanted, "the server could no longer be reached"));
                        }
                        return merge(after);
                    })
                    .then(Mono.defer(() -> created.isEmpty() && plan.merges().isEmpty()
                            ? Mono.error(whyNothing(made))
                            : Mono.empty()));
        }

        /** Judges one import by what the server has now. */
        private void take(NewDatabases.Made made, Metastore after) {
            DatabaseImport wanted = made.wanted();
            if (after.find(wanted.target()).isEmpty()) {
                created.remove(wanted.target());
                refuse(wanted, made.whyNot());
                return;
            }
            created.put(wanted.target(), wanted);
            Map<ShardRef, ShardRef> here = plan.placed(wanted, after, made.told());
            places.putAll(here);
            refuse(
                    wanted,
                    shard -> !here.containsKey(shard),
                    "the server made database '%s' without a place for it".formatted(wanted.target()));
        }

        /** Finds places in the databases that exist, and makes them where that is possible. */
        private Mono<Void> merge(Metastore now) {
            if (plan.merges().isEmpty()) {
                return Mono.empty();
            }
            var existing = new ExistingPlaces(plan, http, points.isPresent(), clock.instant());
            return Flux.fromIterable(plan.merges())
                    .concatMap(
                            merge -> existing.prepare(merge, now).onErrorResume(SluiceException.class, e -> {
                                notices.add(Notice.warning(e.getMessage(), e.hint()));
                                return Mono.empty();
                            }),
                            0)
                    .then(server.metadata().map(Metastore::decode))
                    .doOnNext(after -> plan.merges().forEach(merge -> takeMerge(merge, existing, after)))
                    .then();
        }

        private void takeMerge(DatabaseImport merge, ExistingPlaces existing, Metastore after) {
            Map<ShardRef, ShardRef> here = plan.placed(merge, after, Map.of());
            places.putAll(here);
            merged.addAll(here.keySet());
            plan.locatedOf(merge)
                    .filter(shard -> !here.containsKey(shard.ref()))
                    .forEach(shard -> existing.asPoints(merge, shard, after)
                            .ifPresentOrElse(
                                    beside -> {
                                        places.put(shard.ref(), placeOfPoints(merge, shard));
                                        spread.put(shard.ref(), beside);
                                    },
                                    () -> refused.put(shard.ref(), existing.whyNot(merge, shard, after))));
        }

        /** Database and policy are the server's. */
        private ShardRef placeOfPoints(DatabaseImport merge, Located shard) {
            return new ShardRef(
                    merge.target(),
                    merge.policyTarget(shard.policy().name()),
                    shard.ref().id());
        }

        private void refuse(DatabaseImport wanted, String why) {
            refuse(wanted, shard -> true, why);
            if (wanted.shards().isEmpty()) {
                notices.add(Notice.missing("database '%s' was not made: %s".formatted(wanted.target(), why), ""));
            }
        }

        private void refuse(DatabaseImport wanted, Predicate<ShardRef> which, String why) {
            plan.shardsOf(wanted).filter(which).forEach(shard -> refused.put(shard, why));
        }

        private SluiceException whyNothing(List<NewDatabases.Made> made) {
            return made.get(0)
                    .failure()
                    .orElseGet(() -> new RestoreRefused(
                            "DB metadata not changed: " + made.get(0).whyNot(),
                            "The reason stands only in the server's log: look for 'service=snapshot'."));
        }

        @Override
        public int maxOpenShards() {
            return Integer.MAX_VALUE;
        }

        @Override
        public Map<ShardRef, String> refused() {
            return refused;
        }

        @Override
        public List<Notice> found() {
            return found;
        }

        @Override
        public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
            return Mono.defer(() -> {
                ShardRef place = places.get(shard);
                if (place == null) {
                    throw new IllegalStateException("shard %s has no place".formatted(shard));
                }
                List<ShardRef> beside = spread.get(shard);
                if (beside != null) {
                    return writePoints(shard, place, beside, parts, stored);
                }
                int attempt = attempts.merge(shard, 1, Integer::sum);
                if (!merged.contains(shard)) {
                    return uploads.send(shard, place, FileNaming.shifted(attempt * GENERATIONS), parts, stored);
                }
                return survey(place)
                        .flatMap(survey -> uploads.send(
                                        shard,
                                        place,
                                        options.intoExisting().orElseThrow() == Conflict.BACKUP
                                                ? survey.above(attempt)
                                                : survey.below(attempt),
                                        ShardSurvey.guarded(List.of(survey), shard, ledger, parts),
                                        stored)
                                .doOnTerminate(() -> fresh.seen(place, survey.fresh()))
                                .flatMap(receipt -> fresh.show(place, since -> changed(place, since))
                                        .thenReturn(receipt)));
            });
        }

        private Flux<ShardPart> changed(ShardRef place, Instant since) {
            return server.transport().exchange(ShardBackup.of(place, since)).transform(TarReader.parts(place));
        }

        private Mono<ShardSurvey> survey(ShardRef place) {
            return ShardSurvey.of(place, server.transport(), workers)
                    .transform(survey -> ReadBack.onceReady(place, survey));
        }

        /** The server puts every point where it belongs, and acknowledges it. */
        private Mono<ShardReceipt> writePoints(
                ShardRef shard, ShardRef place, List<ShardRef> beside, Flux<ShardPart> parts, LongConsumer stored) {
            List<String> files = new CopyOnWriteArrayList<>();
            var raw = new AtomicLong();
            return Flux.fromIterable(beside)
                    // One that gives no answer is not there yet, or not any more: the server itself looks at types too.
                    .concatMap(
                            other -> ShardSurvey.of(other, server.transport(), workers)
                                    .onErrorResume(EmptyAnswer.class, e -> Mono.empty()),
                            0)
                    .collectList()
                    .flatMap(surveys -> points.orElseThrow()
                            .write(
                                    shard,
                                    place.database(),
                                    place.policy(),
                                    ShardSurvey.guarded(surveys, shard, ledger, parts)
                                            .doOnNext(part -> count(part, files, raw)),
                                    stored,
                                    taken -> account.takenSoFar(shard, taken)))
                    .map(done -> {
                        account.done(shard, done);
                        return new ShardReceipt(
                                shard,
                                raw.get(),
                                done.bytes(),
                                "%s/%s, as %d points over HTTP"
                                        .formatted(place.database(), place.policy(), done.points()),
                                Compression.NONE,
                                Optional.empty(),
                                files,
                                Duration.ZERO);
                    });
        }

        private static void count(ShardPart part, List<String> files, AtomicLong raw) {
            if (part instanceof ShardPart.FileStart start) {
                files.add(start.name());
            } else if (part instanceof ShardPart.Bytes bytes) {
                raw.addAndGet(bytes.data().readableBytes());
            }
        }

        @Override
        public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
            return server.metadata()
                    .map(Metastore::decode)
                    .flatMap(now -> new LeftOut(plan.source(), options, http)
                            .bringBack(created.values(), plan.merges(), before, now)
                            .map(left -> sealed(now, left)));
        }

        private Sealed sealed(Metastore now, List<Notice> left) {
            List<Notice> all = new ArrayList<>(notices);
            all.addAll(left);
            lookAround(now, all);
            all.addAll(uploads.notices());
            all.addAll(account.notices());
            all.addAll(fresh.notices());
            return new Sealed(describe(), all);
        }

        /** The import changes the metadata without a lock: what others changed at the same time can be lost. */
        private void lookAround(Metastore now, List<Notice> all) {
            for (String name : created.keySet()) {
                if (now.find(name).isEmpty()) {
                    all.add(
                            Notice.missing(
                                    "database '%s' was restored and is gone again".formatted(name),
                                    "Somebody dropped it, or changed the server's metadata at the same time. Restore it again."));
                }
            }
            List<String> lost = before.databases().stream()
                    .map(Database::name)
                    .filter(name -> now.find(name).isEmpty())
                    .toList();
            if (!lost.isEmpty()) {
                all.add(Notice.warning(
                        "databases that the server had before are gone: " + String.join(", ", lost),
                        "Somebody dropped them, or the import of metadata overtook a change: servers do that without a lock. "
                                + "Create them again; their data is still in the data directory."));
            }
        }

        @Override
        public Mono<List<Notice>> abort() {
            return leaveDatabases().map(left -> {
                List<Notice> all = new ArrayList<>(left);
                uncertain.forEach(name -> all.add(unknown(name)));
                all.addAll(account.brokenOff());
                return all;
            });
        }

        private Mono<List<Notice>> leaveDatabases() {
            if (options.cleanup() && http.isPresent()) {
                return Flux.fromIterable(created.keySet())
                        .concatMap(
                                name -> http.get()
                                        .execute("DROP DATABASE " + InfluxQl.quoted(name))
                                        .thenReturn(Notice.note(
                                                "database '%s', which this restore had made, is dropped again"
                                                        .formatted(name),
                                                ""))
                                        .onErrorResume(
                                                SluiceException.class,
                                                e -> Mono.just(Notice.warning(
                                                        "database '%s', which this restore had made, could not be dropped: %s"
                                                                .formatted(name, e.getMessage()),
                                                        e.hint()))),
                                0)
                        .collectList();
            }
            return Mono.fromSupplier(
                    () -> created.values().stream().map(this::left).toList());
        }

        private Notice unknown(String name) {
            return Notice.warning(
                    "whether %s has made database '%s' is not known".formatted(describe(), name),
                    "Look with SHOW DATABASES. If it is there: DROP DATABASE " + InfluxQl.quoted(name));
        }

        private Notice left(DatabaseImport made) {
            List<ShardRef> whole =
                    plan.shardsOf(made).filter(uploads::installed).toList();
            return Notice.warning(
                    "database '%s' stays on %s, with %d of its %d shards%s"
                            .formatted(
                                    made.target(),
                                    describe(),
                                    whole.size(),
                                    made.shards().size(),
                                    whole.isEmpty() ? "" : ": " + names(whole)),
                    "To begin again: DROP DATABASE " + InfluxQl.quoted(made.target()));
        }
    }

    static String names(Collection<ShardRef> shards) {
        return shards.stream().map(ShardRef::toString).sorted().collect(Collectors.joining(", "));
    }
}
