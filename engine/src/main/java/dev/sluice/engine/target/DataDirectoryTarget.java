package dev.sluice.engine.target;

import dev.sluice.engine.error.DirectoriesInUse;
import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.format.DirectoryUsers;
import dev.sluice.engine.format.ShardFiles;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.meta.Graft;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.DataDirectorySource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The directories of a stopped server.
 *
 * <p>Shards get ids that no shard and no directory there has, so that nothing that exists is written to, and no old
 * write-ahead log is replayed over them. They are unpacked beside their places, under names that a server passes over
 * ({@code <id>.restoring}), and moved there when all is complete; {@code meta.db} is swapped last and makes them known.
 * Only after that shards of a database that was to be replaced are removed.
 *
 * <p>One session at a time: a second one is refused when it begins ({@link DirectoryClaim}). Where that cannot be seen to,
 * each removes nothing but what it has made itself ({@link MadeHere}), and whoever finds another metastore at its end
 * than at its beginning has come too late: its ids may be taken, and what it would write forgets what the other has made.
 *
 * <p>Nothing of an index is written: the server builds {@code fields.idx} and the series file by itself. A shard gets an
 * empty {@code index/} where the others have one: it says that the server is to build a TSI index (observed on 1.6.7,
 * 1.8.10 and 1.12.4). Tombstones are kept, so what was deleted stays deleted.
 */
public final class DataDirectoryTarget implements Target {

    private static final Logger log = LoggerFactory.getLogger(DataDirectoryTarget.class);
    private static final String PENDING = ".restoring";
    private static final int MOST_NAMED = 5;
    private static final String META_DB = "meta.db";
    private static final String INDEX = "index";

    private final End.Data directories;
    private final DataOptions options;
    private final Scheduler blocking;
    private final FileWork work;
    private final Clock clock;
    private final Claiming claiming;

    /** How a meta directory is claimed. */
    @FunctionalInterface
    interface Claiming {
        DirectoryClaim take(Path meta) throws IOException;
    }

    /** @param blocking where all work on files is done; its threads may block */
    public DataDirectoryTarget(End.Data directories, DataOptions options, Scheduler blocking, Clock clock) {
        this(directories, options, blocking, clock, DirectoryClaim::take);
    }

    DataDirectoryTarget(End.Data directories, DataOptions options, Scheduler blocking, Clock clock, Claiming claiming) {
        this.directories = directories;
        this.options = options;
        this.blocking = blocking;
        this.work = new FileWork(directories.data(), blocking);
        this.clock = clock;
        this.claiming = claiming;
    }

    @Override
    public String describe() {
        return directories.toString();
    }

    /**
     * Signals {@link DirectoriesInUse} if another restore works there or a process has files open there, {@link RestoreRefused} if
     * everything that is to be restored exists and is not to be replaced.
     *
     * <p>A cancel gives up the session, also one that is on its way: whoever has cancelled may not have got it, and nobody
     * would let others in.
     */
    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return Mono.defer(() -> {
            var begun = new Begun();
            return work.<TargetSession>of(() -> begun.with(prepare(catalog))).doOnCancel(begun::cancel);
        });
    }

    /** Between the thread on which a session begins and the one on which nobody wants it any more. */
    private static final class Begun {
        private volatile @Nullable Session session;
        private volatile boolean cancelled;

        Session with(Session made) {
            session = made;
            if (cancelled) { // after it was set: one of both sees the other
                cancel();
            }
            return made;
        }

        void cancel() {
            cancelled = true;
            Session made = session;
            if (made != null) {
                made.abort().subscribe(left -> {}, e -> log.warn("a restore could not be given up", e));
            }
        }
    }

    private Session prepare(Catalog catalog) throws IOException {
        return claiming.take(directories.metaDir()).heldBy(claim -> prepare(catalog, claim));
    }

    private Session prepare(Catalog catalog, DirectoryClaim claim) throws IOException {
        DataDirectorySource.refuseRunning(directories);
        Optional<Metadata> there = DataDirectorySource.metadata(directories.metaDir());
        Optional<Metadata> base = options.replaceMetastore() ? Optional.empty() : there;
        Metastore inTheWay =
                base.filter(metadata -> !options.force()).map(Metastore::decode).orElse(Metastore.of(0, List.of()));
        ImportPlan plan = new ImportPlan(catalog, options.names(), inTheWay, clock.instant());
        if (plan.imports().isEmpty() && !plan.existing().isEmpty()) {
            throw new RestoreRefused(
                    "database '%s' exists in %s already; nothing was changed"
                            .formatted(String.join("', '", plan.existing()), directories.metaDir()),
                    "Restore under another name with -db and -newdb, or replace what is there with --force.");
        }
        long floor = Math.max(
                new ShardFiles(directories.data()).greatestId(), new ShardFiles(directories.walDir()).greatestId());
        Graft graft = new Graft(base, catalog.metadata(), plan.imports(), floor, LeftOut::renamed);
        List<Notice> notices = new ArrayList<>(plan.notices());
        claim.problem().ifPresent(notices::add);
        if (claim.problem().isEmpty()) { // else they may be another restore's that works just now
            tellOfLeftOvers(notices);
        }
        if (!DirectoryUsers.canTell()) {
            notices.add(Notice.warning(
                    "whether a server works on %s cannot be told on this system".formatted(directories.data()),
                    "Make sure that it is stopped."));
        }
        tellOfUsers(catalog, base, notices);
        return new Session(catalog, plan, graft, there, notices, indexes(), claim);
    }

    /** They may be large, and nobody else would ever speak of them. */
    private void tellOfLeftOvers(List<Notice> notices) throws IOException {
        List<Path> left = new ShardFiles(directories.data()).beside(PENDING);
        if (!left.isEmpty()) {
            String more = left.size() > MOST_NAMED ? " and %d more".formatted(left.size() - MOST_NAMED) : "";
            notices.add(Notice.warning(
                    "a restore that was killed has left what only takes room: "
                            + left.stream()
                                    .limit(MOST_NAMED)
                                    .map(Path::toString)
                                    .collect(Collectors.joining(", ", "", more)),
                    "No server reads them; remove them."));
        }
    }

    private static void tellOfUsers(Catalog catalog, Optional<Metadata> base, List<Notice> notices) {
        List<String> users = Metastore.decode(catalog.metadata()).users().stream()
                .map(Metastore.User::name)
                .toList();
        if (base.isPresent() && !users.isEmpty()) {
            notices.add(Notice.note(
                    "users of the backup were not restored, as the server has a metastore of its own: "
                            + String.join(", ", users),
                    "CREATE USER and GRANT make them; --replace-metastore takes the backup's whole metastore."));
        }
    }

    /** Which databases have shards with TSI indexes; under an empty name whether any has. */
    private Map<String, Boolean> indexes() throws IOException {
        Map<String, Boolean> found = new HashMap<>();
        for (Path shard : new ShardFiles(directories.data()).all()) {
            String database = directories.data().relativize(shard).getName(0).toString();
            boolean tsi = Files.isDirectory(shard.resolve(INDEX));
            found.merge(database, tsi, Boolean::logicalOr);
            found.merge("", tsi, Boolean::logicalOr);
        }
        return found;
    }

    /** A seal that has begun is brought to its end: whoever gives up then waits, and finds out what came of it. */
    private enum State {
        OPEN,
        SEALING,
        GIVEN_UP
    }

    private final class Session implements TargetSession {
        private final ImportPlan plan;
        private final Graft graft;
        private final List<Notice> notices;
        private final Optional<Metadata> before;
        private final Map<String, Boolean> indexes;
        private final MadeHere made = new MadeHere();
        private final DirectoryClaim claim;
        private final ShardFiles files = new ShardFiles(directories.data());
        private final Map<ShardRef, ShardRef> places = new HashMap<>();
        private final List<Sinks.Empty<Void>> writers = new CopyOnWriteArrayList<>();
        private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
        private final Sinks.Empty<Void> sealed = Sinks.empty();
        private boolean known;
        private boolean cleared; // of what the metastore does not know any more

        /** @param before what the metastore was; empty: there was none */
        private Session(
                Catalog catalog,
                ImportPlan plan,
                Graft graft,
                Optional<Metadata> before,
                List<Notice> notices,
                Map<String, Boolean> indexes,
                DirectoryClaim claim) {
            this.plan = plan;
            this.graft = graft;
            this.before = before;
            this.notices = notices;
            this.indexes = indexes;
            this.claim = claim;
            Metastore source = Metastore.decode(catalog.metadata());
            for (DatabaseImport taken : plan.imports()) {
                for (long id : taken.shards()) {
                    ShardRef ref = source.locate(id).orElseThrow().ref();
                    places.put(ref, new ShardRef(taken.target(), taken.policyTarget(ref.policy()), graft.idOf(id)));
                }
            }
            // Where the charset of the locale cannot write a name that is told now, before a shard is unpacked.
            places.values().forEach(this::pending);
        }

        @Override
        public int maxOpenShards() {
            return Integer.MAX_VALUE;
        }

        @Override
        public Map<ShardRef, String> refused() {
            return plan.refused();
        }

        @Override
        public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
            return Mono.defer(() -> {
                ShardRef place = placeOf(shard);
                Path pending = pending(place);
                Sinks.Empty<Void> ended = Sinks.empty();
                writers.add(ended);
                // After it is in the list: who gives up has either seen it there, and waits for it, or is seen here.
                if (state.get() == State.GIVEN_UP) {
                    ended.tryEmitEmpty();
                    return Mono.error(givenUp());
                }
                return ShardDirectoryWriter.unpack(pending, parts, stored, made, ended, blocking)
                        .map(done -> new ShardReceipt(
                                shard,
                                done.rawBytes(),
                                done.bytes(),
                                files.directory(place).toString(),
                                Compression.NONE,
                                Optional.empty(),
                                done.files(),
                                done.syncing()));
            });
        }

        private static CancellationException givenUp() {
            return new CancellationException("the restore was given up");
        }

        private ShardRef placeOf(ShardRef shard) {
            return Optional.ofNullable(places.get(shard))
                    .orElseThrow(() -> new IllegalArgumentException(shard + " was refused"));
        }

        private Path pending(ShardRef place) {
            return policy(place).resolve(place.idText() + PENDING);
        }

        private Path policy(ShardRef place) {
            return database(place).resolve(place.policy());
        }

        private Path database(ShardRef place) {
            return directories.data().resolve(place.database());
        }

        @Override
        public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
            return work.of(() -> {
                if (!state.compareAndSet(State.OPEN, State.SEALING)) {
                    throw givenUp();
                }
                try {
                    return seal(outcomes.stream()
                            .filter(ShardOutcome.Stored.class::isInstance)
                            .map(ShardOutcome::ref)
                            .collect(Collectors.toSet()));
                } finally {
                    sealed.tryEmitEmpty();
                }
            });
        }

        /** Shards first, the metastore that knows them after that, and what it does not know any more last. */
        private Sealed seal(Set<ShardRef> there) throws IOException {
            DataDirectorySource.refuseRunning(directories); // it may have been started while shards were unpacked
            requireUnchanged();
            Ownership owner = Ownership.of(directories.data());
            Set<Path> changed = new LinkedHashSet<>();
            for (ShardRef ref : there) {
                place(placeOf(ref), owner, changed);
            }
            Path meta = Files.createDirectories(directories.metaDir()).toAbsolutePath();
            changed.add(Objects.requireNonNullElse(meta.getParent(), meta));
            for (Path directory : changed) {
                Durable.directory(directory);
            }
            owner.give(meta);
            Set<Long> ids = there.stream().map(ShardRef::id).collect(Collectors.toSet());
            Metadata result = graft.result(ids, clock.instant());
            Durable.replace(meta.resolve(META_DB), result.toByteArray(), owner, this::requireUnchanged);
            known = true;
            removeReplaced();
            cleared = true;
            if (options.replaceMetastore()) {
                tellOfUnknown(Metastore.decode(result));
            }
            claim.release();
            owner.problem().ifPresent(notices::add);
            return new Sealed(directories.toString(), notices);
        }

        /** A server that was not seen may have written it, or a restore that no lock has kept away. */
        private void requireUnchanged() throws IOException {
            if (!DataDirectorySource.metadata(directories.metaDir()).equals(before)) {
                throw new RestoreRefused(
                        "%s was changed by somebody else while this restore ran; it was left as it is now"
                                .formatted(directories.metaDir().resolve(META_DB)),
                        "What this restore had unpacked is removed. See that no server and no other restore works on these"
                                + " directories, then restore again.");
            }
        }

        /** @param changed gets the directories in which names have changed; they may be as new as the shard */
        private void place(ShardRef place, Ownership owner, Set<Path> changed) throws IOException {
            Path pending = pending(place);
            Path directory = files.directory(place);
            if (indexes.getOrDefault(place.database(), indexes.getOrDefault("", false))) {
                Files.createDirectory(pending.resolve(INDEX));
                changed.add(directory);
            }
            made.move(pending, directory);
            changed.addAll(List.of(policy(place), database(place), directories.data()));
            owner.give(database(place));
            owner.give(policy(place));
            owner.giveAll(directory);
        }

        /** What the old metastore had, and whatever else lies there: shards with ids of their own are never in its way. */
        private void tellOfUnknown(Metastore now) {
            List<Path> unknown;
            try {
                unknown = unknown(now);
            } catch (IOException e) { // the restore is complete all the same
                notices.add(Notice.warning(
                        "the metastore was replaced; whether shards lie here that it does not know cannot be told: "
                                + FileTrouble.inWords(e),
                        "Look into %s.".formatted(directories.data())));
                return;
            }
            if (!unknown.isEmpty()) {
                notices.add(Notice.warning(
                        "the metastore was replaced: it does not know %d directories of shards that lie here: %s"
                                .formatted(unknown.size(), byParent(unknown)),
                        "A server loads them for nothing. Remove them if nothing of them is wanted."));
            } else if (before.isPresent()) {
                notices.add(Notice.note("the metastore was replaced", ""));
            }
        }

        private List<Path> unknown(Metastore now) throws IOException {
            List<Path> unknown = new ArrayList<>();
            for (Path root : List.of(directories.data(), directories.walDir())) {
                ShardFiles all = new ShardFiles(root);
                Set<Path> wanted =
                        now.shards().map(shard -> all.directory(shard.ref())).collect(Collectors.toSet());
                all.all().stream()
                        .filter(shard -> !wanted.contains(shard))
                        .sorted()
                        .forEach(unknown::add);
            }
            return unknown;
        }

        private static String byParent(List<Path> shards) {
            Map<Path, List<String>> names = new LinkedHashMap<>();
            for (Path shard : shards) {
                names.computeIfAbsent(Objects.requireNonNull(shard.getParent()), parent -> new ArrayList<>())
                        .add(shard.getFileName().toString());
            }
            return names.entrySet().stream()
                    .map(entry -> "%s: %s".formatted(entry.getKey(), String.join(", ", entry.getValue())))
                    .collect(Collectors.joining("; "));
        }

        /** The new metastore does not know them any more; a server would load them for nothing. */
        private void removeReplaced() throws IOException {
            ShardFiles wal = new ShardFiles(directories.walDir());
            for (ShardRef old : graft.replaced()) {
                Durable.delete(files.directory(old));
                Durable.delete(wal.directory(old));
            }
        }

        @Override
        public Mono<List<Notice>> abort() {
            return Mono.defer(() -> state.compareAndExchange(State.OPEN, State.GIVEN_UP) == State.SEALING
                            ? sealed.asMono()
                            : Mono.when(
                                    writers.stream().map(Sinks.Empty::asMono).toList()))
                    .then(giveUp());
        }

        private Mono<List<Notice>> giveUp() {
            Callable<List<Notice>> last = () -> {
                try {
                    return cleanUp();
                } finally {
                    claim.release();
                }
            };
            return work.of(last)
                    // The engine was closed meanwhile, and its threads are gone.
                    .onErrorResume(
                            RejectedExecutionException.class,
                            e -> new FileWork(directories.data(), Schedulers.boundedElastic()).of(last));
        }

        private synchronized List<Notice> cleanUp() throws IOException {
            if (cleared) {
                return List.of(Notice.note(
                        "the restore was complete before it could be given up; it stays in %s".formatted(directories),
                        ""));
            }
            if (known) {
                return List.of(Notice.warning(
                        "the restore was complete, but not all that it replaced could be removed from %s"
                                .formatted(directories.data()),
                        "The metastore is the new one; a server loads left-over shards for nothing."));
            }
            made.removeAll();
            return List.of(Notice.note("%s is as it was".formatted(directories), ""));
        }
    }
}
