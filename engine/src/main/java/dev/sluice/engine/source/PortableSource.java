package dev.sluice.engine.source;

import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.format.ManifestJson;
import dev.sluice.engine.format.PortableManifest;
import dev.sluice.engine.format.PortableManifest.Archive;
import dev.sluice.engine.format.Unfinished;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.PortableMeta;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.store.Checksum;
import dev.sluice.engine.store.Store;
import dev.sluice.engine.store.StoreContent;
import dev.sluice.engine.store.StoreEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A portable backup in a store, of influxd, InfluxDB Enterprise or Sluice; several runs combine ({@link PortablePlan}).
 *
 * <p>What can be checked without reading archives is checked when it is opened: every manifest, the metadata, that each
 * selected archive is there, and its size where the manifest has it. What only reading shows fails the shard.
 */
public final class PortableSource implements Source {

    private static final String MANIFEST = ".manifest";

    private final Mono<? extends Store> store;
    private final String description;
    private final ReadOptions options;

    /**
     * @param store opened when the source is
     * @param description for people
     */
    public PortableSource(Mono<? extends Store> store, String description, ReadOptions options) {
        this.store = store;
        this.description = description;
        this.options = options;
    }

    @Override
    public String describe() {
        return "portable:" + description;
    }

    /**
     * Signals {@link NotThere} if there is no manifest, nothing of what is selected, or a file of it is missing;
     * {@link FormatDamaged} if a manifest, the newest metadata or an archive's size is not what it has to be;
     * {@link InvalidRequest} for a selection with {@code since}, which only a server can answer.
     */
    @Override
    public Mono<SourceSession> open(Selection selection) {
        return store.flatMap(opened -> {
            Choice.refuseSince(selection);
            return opened.content().flatMap(content -> open(opened, content, selection));
        });
    }

    private static Optional<Notice> unfinished(Store store, StoreContent content, List<PortableRun> runs) {
        Set<String> named = runs.stream()
                .map(PortableRun::manifest)
                .flatMap(manifest -> Stream.concat(
                        Stream.of(manifest.meta().fileName()),
                        manifest.files().stream().map(Archive::fileName)))
                .collect(Collectors.toSet());
        return Unfinished.portable(content, named::contains).notice(store.describe());
    }

    private Mono<SourceSession> open(Store store, StoreContent content, Selection selection) {
        Map<String, Long> sizes =
                content.files().stream().collect(Collectors.toMap(StoreEntry::name, StoreEntry::size));
        return manifests(store, content)
                .flatMap(runs -> metadata(store, runs.get(0)).flatMap(metadata -> {
                    Metastore metastore = decode(store, runs.get(0), metadata);
                    Choice choice = new Choice(metastore, selection, "in the backup");
                    List<Notice> notices = new ArrayList<>();
                    unfinished(store, content, runs).ifPresent(notices::add);
                    return sameServer(store, runs, metastore.clusterId(), notices)
                            .map(ours -> {
                                PortablePlan plan = new PortablePlan(ours, sizes, choice, options);
                                notices.addAll(plan.notices());
                                return new Reader(store, options.indexFirst())
                                        .session(metadata, plan, notices, version(runs.get(0)));
                            });
                }));
    }

    /** The runs that there are, the newest first; signals {@link NotThere} if there is none. */
    public Mono<List<PortableRun>> runs() {
        return store.flatMap(opened -> opened.content().flatMap(content -> manifests(opened, content)));
    }

    /** All runs, the newest first: by name in descending order, as influxd takes them. */
    private Mono<List<PortableRun>> manifests(Store store, StoreContent content) {
        return Flux.fromIterable(content.files())
                .map(StoreEntry::name)
                .filter(name -> name.endsWith(MANIFEST))
                .sort(Comparator.reverseOrder())
                .concatMap(
                        name -> SmallFile.read(store, name)
                                .map(bytes -> new PortableRun(name, ManifestJson.decode(store.describe(name), bytes))),
                        0)
                .collectList()
                .flatMap(runs -> runs.isEmpty() ? Mono.error(noManifest(store, content)) : Mono.just(runs));
    }

    private static NotThere noManifest(Store store, StoreContent content) {
        List<StoreEntry> files = content.files();
        if (files.isEmpty()) {
            return Unfinished.nothingIn(store.describe(), content.unfinished().size());
        }
        long archives = files.stream()
                .filter(file -> file.name().matches(".*\\.s\\d+\\.tar(\\.gz|\\.zst)?"))
                .count();
        return archives == 0
                ? new NotThere(
                        "%s has no manifest, so it holds no portable backup".formatted(store.describe()),
                        "It has other files, such as %s. A legacy backup is read without -portable."
                                .formatted(files.get(0).name()))
                : new NotThere(
                        "%s has %d archives and no manifest: the backup was not completed"
                                .formatted(store.describe(), archives),
                        "The manifest is written last, when all archives are there. Make a new backup, or use another one.");
    }

    private static Optional<ServerVersion> version(PortableRun run) {
        return run.manifest().run().flatMap(PortableManifest.Run::server).flatMap(ServerVersion::parse);
    }

    private static Mono<Metadata> metadata(Store store, PortableRun run) {
        PortableManifest.Meta meta = run.manifest().meta();
        String file = store.describe(meta.fileName());
        return SmallFile.read(store, meta.fileName())
                .map(bytes -> {
                    requireDigest(file, bytes, run);
                    Metadata metadata = PortableMeta.unwrap(bytes);
                    if (metadata.size() != meta.size()) {
                        throw new FormatDamaged(
                                file,
                                "has metadata of %d bytes; %s says %d"
                                        .formatted(metadata.size(), run.manifestName(), meta.size()));
                    }
                    return metadata;
                })
                .onErrorMap(MalformedResponse.class, e -> notMetadata(file, e))
                .onErrorMap(
                        NotThere.class,
                        e -> new NotThere(
                                "%s, the metadata of %s, is missing".formatted(file, run.manifestName()),
                                "Was the backup copied whole? Its archives cannot be told apart without it."));
    }

    /** A flipped bit leaves most metadata readable: a name, a time or a password's hash is another one then. */
    private static void requireDigest(String file, byte[] bytes, PortableRun run) {
        run.manifest().meta().digest().flatMap(Digest::parse).ifPresent(should -> {
            Digest is = Checksum.of(should.algorithm(), bytes);
            if (!is.equals(should)) {
                throw new FormatDamaged(
                        file,
                        "has the digest %s; %s says %s".formatted(is, run.manifestName(), should),
                        "Use another run or another copy. If this is the only one: with \"digest\" taken out of \"meta\" and"
                                + " of \"sluice\" in the manifest it is read as it is, and may have other names, times or users.");
            }
        });
    }

    private static Metastore decode(Store store, PortableRun run, Metadata metadata) {
        try {
            return Metastore.decode(metadata);
        } catch (MalformedResponse e) {
            throw notMetadata(store.describe(run.manifest().meta().fileName()), e);
        }
    }

    private static FormatDamaged notMetadata(String file, MalformedResponse e) {
        return new FormatDamaged(file, "does not hold a server's metadata: " + e.getMessage());
    }

    /** Shard ids mean something on one server only, so a run of another one is left out. */
    private static Mono<List<PortableRun>> sameServer(
            Store store, List<PortableRun> runs, long clusterId, List<Notice> notices) {
        return Flux.fromIterable(runs.subList(1, runs.size()))
                .concatMap(
                        run -> metadata(store, run)
                                .map(metadata -> decode(store, run, metadata).clusterId() == clusterId)
                                .onErrorResume(SluiceException.class, e -> {
                                    notices.add(
                                            Notice.warning(
                                                    "the metadata of the older %s cannot be read: %s"
                                                            .formatted(run.manifestName(), e.getMessage()),
                                                    "It is not needed, but whether the run is of the same server is not known."));
                                    return Mono.just(true);
                                })
                                .filter(same -> {
                                    if (!same) {
                                        notices.add(Notice.missing(
                                                "%s was made of another server: its %d shards are not taken"
                                                        .formatted(
                                                                run.manifestName(),
                                                                run.manifest()
                                                                        .files()
                                                                        .size()),
                                                "Shard ids of two servers cannot be told apart. Keep their backups in "
                                                        + "directories of their own."));
                                    }
                                    return same;
                                })
                                .map(same -> run),
                        0)
                .startWith(runs.get(0))
                .collectList();
    }

    /** Reads what the plan says. */
    private static final class Reader {
        private final Store store;
        private final boolean indexFirst;
        private final List<Notice> found = new CopyOnWriteArrayList<>();

        private Reader(Store store, boolean indexFirst) {
            this.store = store;
            this.indexFirst = indexFirst;
        }

        private SourceSession session(
                Metadata metadata, PortablePlan plan, List<Notice> notices, Optional<ServerVersion> version) {
            Catalog catalog = new Catalog(
                    metadata,
                    plan.shards().stream()
                            .map(shard -> new Catalog.Entry(shard.ref(), shard.time(), rawBytes(shard.archives())))
                            .toList(),
                    plan.notOffered(),
                    notices,
                    version);
            List<FilesSession.Read> reads = plan.shards().stream()
                    .map(shard -> shard.problem()
                            .map(problem -> new FilesSession.Read(shard.ref(), problem))
                            .orElseGet(() -> new FilesSession.Read(shard.ref(), partsOf(shard))))
                    .toList();
            return new FilesSession(catalog, reads, plan::absence, () -> List.copyOf(found));
        }

        private static OptionalLong rawBytes(List<Archive> archives) {
            return archives.size() == 1 && archives.get(0).size() > 0
                    ? OptionalLong.of(archives.get(0).size())
                    : OptionalLong.empty();
        }

        private Flux<ShardPart> partsOf(PortablePlan.Shard shard) {
            return ChainedArchives.parts(shard.archives().stream()
                    .map(archive -> archive(shard.ref(), archive))
                    .toList());
        }

        private StoredArchive archive(ShardRef ref, Archive archive) {
            return new StoredArchive(
                    store,
                    archive.fileName(),
                    ref,
                    archive.details().flatMap(details -> Digest.parse(details.digest())),
                    indexFirst,
                    length -> compare(archive, length));
        }

        /** Sluice's sizes are counted bytes; influxd adds up what all attempts brought. */
        private void compare(Archive archive, long length) {
            if (length == archive.size()) {
                return;
            }
            String problem = "holds a tar of %d bytes; its manifest says %d".formatted(length, archive.size());
            if (archive.details().isPresent()) {
                throw new FormatDamaged(store.describe(archive.fileName()), problem);
            }
            Notice notice = Notice.warning(
                    archive.fileName() + " " + problem,
                    "The tar is well-formed; influxd counts bytes of failed attempts too.");
            if (!found.contains(notice)) {
                found.add(notice);
            }
        }
    }
}
