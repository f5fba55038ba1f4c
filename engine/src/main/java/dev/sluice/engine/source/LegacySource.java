package dev.sluice.engine.source;

import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.format.LegacyName;
import dev.sluice.engine.format.Unfinished;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.store.Store;
import dev.sluice.engine.store.StoreContent;
import dev.sluice.engine.store.StoreEntry;
import dev.sluice.engine.wire.MetastoreAnswer;
import io.netty.buffer.Unpooled;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A legacy backup in a store: {@code meta.NN} and {@code <db>.<rp>.<id>.NN}.
 *
 * <p>The metadata with the highest number counts, by number and not by letters. All archives of a shard are put together
 * in the order of their numbers, as influxd restores them: nothing in the format tells an increment from a whole.
 *
 * <p>Which database and policy a name means is told by the metadata, where the id is unique; the archive's own entries
 * must agree when it is read. Downloads that were left over ({@code *.pending}) are passed over.
 */
public final class LegacySource implements Source {

    private static final String PENDING = ".pending";

    private final Mono<? extends Store> store;
    private final String description;
    private final ReadOptions options;
    private final Clock clock;

    /**
     * @param store opened when the source is
     * @param description for people
     * @param options of which {@code indexFirst} counts
     * @param clock tells which shard groups have begun
     */
    public LegacySource(Mono<? extends Store> store, String description, ReadOptions options, Clock clock) {
        this.store = store;
        this.description = description;
        this.options = options;
        this.clock = clock;
    }

    @Override
    public String describe() {
        return "legacy:" + description;
    }

    /**
     * Signals {@link NotThere} if there is no metadata or nothing of what is selected; {@link FormatDamaged} if the newest
     * metadata is not whole; {@link InvalidRequest} for a selection with {@code since}, which only a server can answer.
     */
    @Override
    public Mono<SourceSession> open(Selection selection) {
        return store.flatMap(opened -> {
            Choice.refuseSince(selection);
            return opened.content().flatMap(content -> open(opened, new Files(content), selection));
        });
    }

    private Mono<SourceSession> open(Store store, Files files, Selection selection) {
        if (files.metas.isEmpty()) {
            return Mono.error(noMetadata(store, files));
        }
        return metadata(store, files.metas.get(0)).flatMap(metadata -> {
            Metastore metastore = decode(store, files.metas.get(0), metadata);
            Choice choice = new Choice(metastore, selection, "in the backup");
            return Flux.fromIterable(files.metas)
                    .skip(1)
                    .concatMap(name -> ofAnotherServer(store, name, metastore.clusterId()), 0)
                    .collectList()
                    .map(notices -> session(store, files, metadata, choice, notices));
        });
    }

    private SourceSession session(Store store, Files files, Metadata metadata, Choice choice, List<Notice> notices) {
        List<Catalog.Entry> entries = new ArrayList<>();
        List<FilesSession.Read> reads = new ArrayList<>();
        List<ShardRef> chained = new ArrayList<>();
        Set<ShardRef> there = new HashSet<>();
        choice.shards().forEach(shard -> {
            ShardRef ref = shard.ref();
            List<StoreEntry> archives = files.of(ref);
            if (archives.isEmpty()) {
                return;
            }
            if (archives.size() > 1) {
                chained.add(ref);
            }
            there.add(ref);
            entries.add(new Catalog.Entry(
                    ref,
                    Optional.of(shard.group().time()),
                    archives.size() == 1 ? OptionalLong.of(archives.get(0).size()) : OptionalLong.empty()));
            reads.add(new FilesSession.Read(
                    ref,
                    ChainedArchives.parts(archives.stream()
                            .map(file -> new StoredArchive(
                                    store, file.name(), ref, Optional.empty(), options.indexFirst(), length -> {}))
                            .toList())));
        });
        if (entries.isEmpty()) {
            notices.add(nothing(choice, files));
        }
        if (!chained.isEmpty()) {
            notices.add(ChainedArchives.notice(chained));
        }
        files.unknown(choice.metastore()).ifPresent(notices::add);
        choice.gaps(there, clock.instant()).ifPresent(notices::add);
        Unfinished.legacy(files.pending).notice(store.describe()).ifPresent(notices::add);
        return new FilesSession(new Catalog(metadata, entries, List.of(), notices), reads, List::of);
    }

    /** A selection by name of which there is nothing is a mistake; metadata alone is what influxd saves without -db. */
    private Notice nothing(Choice choice, Files files) {
        List<ShardRef> expected = choice.alive(clock.instant());
        if (expected.isEmpty()) {
            return Notice.note("there is no shard to take", "The metadata has none either.");
        }
        if (!choice.selection().equals(Selection.EVERYTHING)) {
            throw new NotThere(
                    "the backup has no archive of what was asked for; its metadata knows " + Choice.told(expected),
                    files.shards.isEmpty()
                            ? "It holds only the metastore, as 'influxd backup' saves it without -db."
                            : "It has archives of: " + String.join(", ", files.stems()));
        }
        return Notice.missing(
                "the backup holds only the metastore and no points",
                "'influxd backup' saves no more without -db, unless -portable is given.");
    }

    private static NotThere noMetadata(Store store, Files files) {
        if (files.all.isEmpty()) {
            return Unfinished.nothingIn(store.describe(), files.pending.size());
        }
        return files.shards.isEmpty()
                ? new NotThere(
                        "%s has no file meta.NN, so it holds no legacy backup".formatted(store.describe()),
                        "It has other files, such as %s."
                                .formatted(files.all.get(0).name()))
                : new NotThere(
                        "%s has %d archives and no metadata (meta.NN)".formatted(store.describe(), files.shards.size()),
                        "Was the backup copied whole? Its archives cannot be told apart without it.");
    }

    private static Mono<Metadata> metadata(Store store, String name) {
        return SmallFile.read(store, name)
                .map(bytes ->
                        MetastoreAnswer.decode(Unpooled.wrappedBuffer(bytes)).metadata())
                .onErrorMap(MalformedResponse.class, e -> notMetadata(store, name, e));
    }

    private static Metastore decode(Store store, String name, Metadata metadata) {
        try {
            return Metastore.decode(metadata);
        } catch (MalformedResponse e) {
            throw notMetadata(store, name, e);
        }
    }

    private static FormatDamaged notMetadata(Store store, String name, MalformedResponse e) {
        return new FormatDamaged(
                store.describe(name),
                "does not hold a server's metadata: " + e.getMessage(),
                "Was the backup copied whole? With an older meta.NN in the directory, move this one elsewhere to use that.");
    }

    /** Nothing tells which archives are of which run, so all that can be done is to say it. */
    private static Mono<Notice> ofAnotherServer(Store store, String name, long clusterId) {
        return metadata(store, name)
                .filter(metadata -> decode(store, name, metadata).clusterId() != clusterId)
                .map(metadata -> Notice.warning(
                        "%s was made of another server than the newest metadata".formatted(name),
                        "Archives of two servers cannot be told apart in one directory. Keep them in directories of their "
                                + "own."))
                .onErrorResume(
                        FormatDamaged.class,
                        e -> Mono.just(Notice.warning(
                                "the older metadata %s cannot be read".formatted(name), "It is not needed.")));
    }

    /** What lies in the directory. */
    private static final class Files {
        private final List<StoreEntry> all;
        private final List<StoreEntry> pending;
        private final List<String> metas;
        private final Map<LegacyName, StoreEntry> shards = new HashMap<>();
        private final Map<Long, List<LegacyName>> byId = new HashMap<>();

        private Files(StoreContent content) {
            this.all = content.files();
            this.pending = Stream.concat(
                            content.unfinished().stream(),
                            all.stream().filter(file -> file.name().endsWith(PENDING)))
                    .toList();
            this.metas = all.stream()
                    .map(StoreEntry::name)
                    .filter(name -> LegacyName.metaNumber(name).isPresent())
                    .sorted(Comparator.<String>comparingLong(
                                    name -> LegacyName.metaNumber(name).orElseThrow())
                            .reversed())
                    .toList();
            for (StoreEntry file : all) {
                LegacyName.parse(file.name())
                        .filter(name -> !file.name().endsWith(PENDING))
                        .ifPresent(name -> {
                            shards.put(name, file);
                            byId.computeIfAbsent(name.shardId(), id -> new ArrayList<>())
                                    .add(name);
                        });
            }
        }

        /** Oldest first. */
        private List<StoreEntry> of(ShardRef ref) {
            return byId.getOrDefault(ref.id(), List.of()).stream()
                    .filter(name -> name.mayBe(ref))
                    .sorted(Comparator.comparingLong(LegacyName::number))
                    .map(shards::get)
                    .toList();
        }

        private List<String> stems() {
            return shards.keySet().stream()
                    .map(LegacyName::stem)
                    .distinct()
                    .sorted()
                    .toList();
        }

        private Optional<Notice> unknown(Metastore metastore) {
            List<String> unknown = shards.entrySet().stream()
                    .filter(file -> metastore
                            .locate(file.getKey().shardId())
                            .filter(shard -> file.getKey().mayBe(shard.ref()))
                            .isEmpty())
                    .map(file -> file.getValue().name())
                    .sorted()
                    .collect(Collectors.toList());
            return unknown.isEmpty()
                    ? Optional.empty()
                    : Optional.of(Notice.warning(
                            "not taken, as the newest metadata does not have their shards: " + Choice.list(unknown),
                            "The shards were dropped between the runs, or the files are of another server."));
        }
    }
}
