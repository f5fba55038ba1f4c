package dev.sluice.engine.target;

import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.format.ShardFiles;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.meta.Graft;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Located;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Names;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.wire.IdMap;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * The directories of a stopped server that somebody else's restore changes step by step, as it would change a running
 * server: databases are made, then shards get files. Each step is durable when it completes, and nothing of it is there
 * if it fails. Steps may come at the same time; changes are made one after the other.
 *
 * <p>What a running influxd makes of the same requests is kept: names, default policies, new ids, limits and
 * subscriptions. Continuous queries and users do not come along, and a database that exists stays as it is. Other than
 * there, names that no server would create are refused, and shard groups that are deleted or empty are left out.
 */
public final class OpenDirectories {

    private static final Logger log = LoggerFactory.getLogger(OpenDirectories.class);

    private static final String INTERNAL = "_internal";
    private static final String SERIES = "_series";
    private static final String INDEX = "index";
    private static final String META_DB = "meta.db";

    private final End.Data directories;
    private final ShardFiles files;
    private final Scheduler blocking;
    private final FileWork work;
    private final Clock clock;
    private final Object change = new Object();
    private volatile Metastore metastore;

    /**
     * @param metastore what lies in the meta directory, or an empty one if nothing does
     * @param blocking where all work on files is done; its threads may block
     */
    public OpenDirectories(End.Data directories, Metastore metastore, Scheduler blocking, Clock clock) {
        this.directories = directories;
        this.files = new ShardFiles(directories.data());
        this.metastore = metastore;
        this.blocking = blocking;
        this.work = new FileWork(directories.data(), blocking);
        this.clock = clock;
    }

    /** What is known now. */
    public Metastore metastore() {
        return metastore;
    }

    /**
     * Makes the databases that an update asks for, with empty shards.
     *
     * @return signals {@link RestoreRefused} if one of them cannot be made; nothing was changed then
     */
    public Mono<IdMap> make(MetastoreUpdate update) {
        return work.of(() -> {
            synchronized (change) {
                return change(update);
            }
        });
    }

    private IdMap change(MetastoreUpdate update) throws IOException {
        Instant now = clock.instant();
        Metadata result = metastore.toMetadata();
        long floor = Math.max(files.greatestId(), new ShardFiles(directories.walDir()).greatestId());
        Map<Long, Long> ids = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        for (DatabaseImport wanted : imports(update)) {
            Metadata payload = wanted.payload(update.payload(), now);
            var renamed = new DatabaseImport(
                    wanted.target(), wanted.target(), Optional.empty(), Optional.empty(), wanted.shards(), false, true);
            Graft graft = new Graft(Optional.of(result), payload, List.of(renamed), floor, LeftOut::renamed);
            result = graft.result(wanted.shards(), now);
            wanted.shards().stream().sorted().forEach(id -> ids.put(id, graft.idOf(id)));
            names.add(wanted.target());
        }
        Metastore next = decoded(result);
        place(
                names.stream()
                        .map(name -> next.find(name).orElseThrow())
                        .flatMap(database -> next.shards()
                                .filter(shard -> shard.database().name().equals(database.name())))
                        .map(Located::ref)
                        .toList(),
                result);
        metastore = next;
        log.info("made {} with {} shards", names, ids.size());
        return new IdMap(ids);
    }

    private List<DatabaseImport> imports(MetastoreUpdate update) {
        Metastore uploaded = decoded(update.payload());
        if (update.backupDatabase().isEmpty()) {
            List<DatabaseImport> all = uploaded.databases().stream()
                    .filter(database -> !database.name().equals(INTERNAL))
                    .map(database -> whole(database, database.name()))
                    .toList();
            requireDistinct(all.stream()
                    .flatMap(wanted -> shards(uploaded.find(wanted.source()).orElseThrow()))
                    .toList());
            return all;
        }
        Database database = uploaded.find(update.backupDatabase())
                .orElseThrow(() -> refused("database '%s' is not in what was sent".formatted(update.backupDatabase())));
        String target = update.restoreDatabase().isEmpty() ? database.name() : update.restoreDatabase();
        requireDistinct(shards(database).toList());
        if (update.backupPolicy().isEmpty()) {
            return List.of(whole(database, target));
        }
        var policy = database.find(update.backupPolicy())
                .orElseThrow(() ->
                        refused("retention policy '%s' is not in what was sent".formatted(update.backupPolicy())));
        String policyTarget = update.restorePolicy().isEmpty() ? policy.name() : update.restorePolicy();
        return List.of(checked(
                new DatabaseImport(
                        database.name(),
                        target,
                        Optional.of(policy.name()),
                        Optional.of(policyTarget),
                        shards(policy).collect(Collectors.toSet()),
                        false,
                        true),
                List.of(policyTarget)));
    }

    private DatabaseImport whole(Database database, String target) {
        return checked(
                new DatabaseImport(
                        database.name(),
                        target,
                        Optional.empty(),
                        Optional.empty(),
                        shards(database).collect(Collectors.toSet()),
                        false,
                        true),
                database.policies().stream().map(Metastore.Policy::name).toList());
    }

    private DatabaseImport checked(DatabaseImport wanted, List<String> policies) {
        if (!Names.valid(wanted.target())) {
            throw refused("no database can have the name '%s'".formatted(printable(wanted.target())));
        }
        if (metastore.find(wanted.target()).isPresent()) {
            throw refused("database '%s' exists already".formatted(wanted.target()));
        }
        for (String policy : policies) {
            if (!Names.valid(policy) || policy.equals(SERIES)) {
                throw refused("no retention policy can have the name '%s'".formatted(printable(policy)));
            }
        }
        return wanted;
    }

    private static Stream<Long> shards(Database database) {
        return database.policies().stream().flatMap(OpenDirectories::shards);
    }

    private static Stream<Long> shards(Metastore.Policy policy) {
        return policy.groups().stream()
                .filter(group -> group.deletedAt().isEmpty())
                .flatMap(group -> group.shards().stream());
    }

    /** The answer could name only one of two shards of the same id. */
    private static void requireDistinct(List<Long> ids) {
        Set<Long> seen = new HashSet<>();
        for (long id : ids) {
            if (!seen.add(id)) {
                throw refused("shard %s stands in it twice".formatted(Long.toUnsignedString(id)));
            }
        }
    }

    private static Metastore decoded(Metadata metadata) {
        try {
            return Metastore.decode(metadata);
        } catch (MalformedResponse e) {
            throw refused("what was sent is not taken: " + e.getMessage());
        }
    }

    private static RestoreRefused refused(String why) {
        return new RestoreRefused("the metastore was not changed: " + why, "");
    }

    private static String printable(String name) {
        return name.codePoints()
                .limit(100)
                .map(c -> Character.isISOControl(c) ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** Directories first: a shard that is known and has none would be missing. */
    private void place(List<ShardRef> shards, Metadata result) throws IOException {
        boolean tsi = files.all().stream().anyMatch(shard -> Files.isDirectory(shard.resolve(INDEX)));
        var made = new MadeHere();
        Ownership owner = Ownership.of(directories.data());
        try {
            for (ShardRef shard : shards) {
                Path directory = files.directory(shard);
                made.makeAll(directory);
                if (tsi) {
                    made.makeAll(directory.resolve(INDEX));
                }
            }
            List<Path> all = made.around();
            for (Path parent : all.stream().map(Path::getParent).collect(Collectors.toCollection(LinkedHashSet::new))) {
                Durable.directory(parent);
            }
            for (Path directory : all) {
                owner.give(directory);
            }
            Durable.replace(directories.metaDir().resolve(META_DB), result.toByteArray(), owner, () -> {});
        } catch (IOException | RuntimeException e) {
            try {
                made.removeAll();
            } catch (IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
        tell(owner);
    }

    /**
     * Puts files into a shard, over those of the same name. They are written beside them first, into a directory of a name
     * that servers remove when they start; moved, when the last part has come, and the shard's index is removed so that
     * a server builds it anew.
     *
     * @param parts are taken over; asked for one at a time, as the disk takes them
     * @return the names of the files
     */
    public Mono<List<String>> install(ShardRef shard, Flux<ShardPart> parts) {
        return Mono.defer(() -> {
            Path beside = files.directory(shard).resolve("upload-" + UUID.randomUUID() + ".tmp");
            Sinks.Empty<Void> ended = Sinks.empty();
            return Mono.usingWhen(
                    Mono.just(beside),
                    there -> ShardDirectoryWriter.unpack(there, parts, bytes -> {}, new MadeHere(), ended, blocking)
                            .flatMap(done -> work.of(() -> {
                                synchronized (change) {
                                    move(shard, there, done.files());
                                }
                                return done.files();
                            })),
                    there -> ended.asMono().then(work.of(() -> {
                        synchronized (change) { // a move that was cancelled may still be under way
                            Durable.delete(there);
                        }
                        return there;
                    })));
        });
    }

    /**
     * The index goes first: a server that finds it believes it, and never sees what is new (observed on 1.8.10 and 1.12.4).
     * An empty {@code index/} stays, as it says which kind of index the shard has.
     */
    private void move(ShardRef shard, Path from, List<String> names) throws IOException {
        if (names.isEmpty()) {
            return;
        }
        Path directory = files.directory(shard);
        Files.deleteIfExists(directory.resolve("fields.idx"));
        Files.deleteIfExists(directory.resolve("fields.idxl"));
        Path index = directory.resolve(INDEX);
        if (Files.isDirectory(index)) {
            List<Path> content;
            try (Stream<Path> all = Files.list(index)) {
                content = all.toList();
            }
            for (Path path : content) {
                Durable.delete(path);
            }
        }
        Durable.directory(directory);
        Ownership owner = Ownership.of(directories.data());
        for (String name : names) {
            Path file = directory.resolve(name);
            // A tombstone of the file that was there says nothing about the new one.
            Files.deleteIfExists(directory.resolve(name.substring(0, name.lastIndexOf('.')) + ".tombstone"));
            Files.move(from.resolve(name), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            owner.give(file);
        }
        Durable.directory(directory);
        tell(owner);
    }

    private static void tell(Ownership owner) {
        owner.problem().ifPresent(problem -> log.warn("{} {}", problem.message(), problem.hint()));
    }
}
