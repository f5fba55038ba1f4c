package dev.sluice.engine.target;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.format.ManifestJson;
import dev.sluice.engine.format.PortableManifest;
import dev.sluice.engine.format.PortableStamp;
import dev.sluice.engine.format.Unfinished;
import dev.sluice.engine.meta.PortableMeta;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.Reservation;
import dev.sluice.engine.store.Store;
import dev.sluice.engine.store.StoreEntry;
import dev.sluice.engine.store.StoredFile;
import dev.sluice.engine.tar.TarWriter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A portable backup in a store: {@code <stamp>.meta}, one archive a shard, {@code <stamp>.manifest} last.
 *
 * <p>The stamp is claimed before anything is written, by reserving the manifest's name: two runs in the same second
 * get different ones, and nobody's files are replaced.
 */
public final class PortableTarget implements Target {

    /** As many seconds are tried for a free stamp; runs begin one after the other, not hundreds at once. */
    private static final int STAMPS_TO_TRY = 60;

    private final Mono<? extends Store> store;
    private final String description;
    private final SlabLine line;
    private final Digest.Algorithm digest;
    private final Selection selection;
    private final Clock clock;

    /**
     * @param store opened when the copy begins; its failure refuses the copy
     * @param description for people
     * @param line from a shard's bytes to compressed slabs
     * @param digest of each stored file
     * @param selection for the manifest
     * @param clock for the stamp
     */
    public PortableTarget(
            Mono<? extends Store> store,
            String description,
            SlabLine line,
            Digest.Algorithm digest,
            Selection selection,
            Clock clock) {
        this.store = store;
        this.description = description;
        this.line = line;
        this.digest = digest;
        this.selection = selection;
        this.clock = clock;
    }

    @Override
    public String describe() {
        return "portable:" + description;
    }

    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return store.flatMap(opened -> opened.content().flatMap(there -> {
            List<Notice> found = new ArrayList<>();
            Unfinished.portable(there).notice(opened.describe()).ifPresent(found::add);
            PortableStamp stamp = stamp(opened, there.files(), found);
            return claim(opened, stamp, STAMPS_TO_TRY).map(claim -> new Session(opened, claim, catalog, found));
        }));
    }

    /** Restores take the run with the latest stamp for the newest, so this one has to come behind all others. */
    private PortableStamp stamp(Store store, List<StoreEntry> files, List<Notice> found) {
        PortableStamp now = new PortableStamp(clock.instant());
        Optional<PortableStamp> newest = files.stream()
                .flatMap(file -> PortableStamp.ofManifest(file.name()).stream())
                .max(Comparator.naturalOrder());
        if (newest.isEmpty() || newest.get().compareTo(now) < 0) {
            return now;
        }
        PortableStamp behind = newest.get().next();
        if (behind.time().isAfter(now.time().plusSeconds(STAMPS_TO_TRY))) {
            found.add(Notice.warning(
                    "%s has a run of %s, which is later than now: this one is called %s, so that restores take it for the newest"
                            .formatted(store.describe(), newest.get(), behind),
                    "Is the clock of this machine right, or was that of the other run wrong?"));
        }
        return behind;
    }

    /** A stamp whose manifest is ours to write. */
    private record Claim(PortableStamp stamp, Reservation manifest) {}

    private static Mono<Claim> claim(Store store, PortableStamp stamp, int left) {
        return store.list()
                .any(entry -> entry.name().startsWith(stamp + "."))
                .flatMap(used -> used
                        ? Mono.<Claim>empty()
                        : store.reserve(stamp.manifestName()).map(manifest -> new Claim(stamp, manifest)))
                .switchIfEmpty(Mono.defer(() -> left > 1
                        ? claim(store, stamp.next(), left - 1)
                        : Mono.error(new StoreFailed(
                                "no free name for a run in %s, up to %s".formatted(store.describe(), stamp),
                                "Many runs begin there at the same time, or pending files were left over; use another "
                                        + "directory, or delete left-over files that end in .pending.",
                                new IOException("every stamp is taken")))));
    }

    private final class Session implements TargetSession {
        private final Store store;
        private final PortableStamp stamp;
        private final Reservation manifest;
        private final Catalog catalog;
        private final List<Notice> found;
        private final List<String> complete = new CopyOnWriteArrayList<>();

        private Session(Store store, Claim claim, Catalog catalog, List<Notice> found) {
            this.store = store;
            this.stamp = claim.stamp();
            this.manifest = claim.manifest();
            this.catalog = catalog;
            this.found = found;
        }

        @Override
        public List<Notice> found() {
            return found;
        }

        @Override
        public int maxOpenShards() {
            return Integer.MAX_VALUE;
        }

        @Override
        public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
            return Mono.defer(() -> {
                AtomicLong raw = new AtomicLong();
                List<String> names = new ArrayList<>();
                Flux<ByteBuf> archive = parts.doOnNext(part -> {
                            if (part instanceof ShardPart.FileStart file) {
                                names.add(file.name());
                            }
                        })
                        .transform(TarWriter::bytes)
                        .doOnNext(bytes -> raw.addAndGet(bytes.readableBytes()))
                        .transform(line.through(stamp.tarName(shard.id())))
                        .doOnNext(slab -> stored.accept(slab.readableBytes()));
                Compression compression = line.compression();
                return store.put(stamp.archiveName(shard.id(), compression.codec()), archive, digest)
                        .doOnNext(file -> complete.add(file.name()))
                        .map(file -> new ShardReceipt(
                                shard,
                                raw.get(),
                                file.size(),
                                file.name(),
                                compression,
                                Optional.of(file.digest()),
                                names,
                                file.syncing()));
            });
        }

        /** The metadata, then the manifest: it is what makes a backup of the files. */
        @Override
        public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
            return put(stamp.metaName(), PortableMeta.wrap(catalog.metadata()))
                    .flatMap(meta ->
                            manifest.put(bytes(ManifestJson.encode(manifestOf(meta, outcomes), digest)), digest))
                    .map(file -> Sealed.at(store.describe(file.name())));
        }

        @Override
        public Mono<List<Notice>> abort() {
            return manifest.release()
                    .then(
                            Mono.fromSupplier(
                                    () -> complete.isEmpty()
                                            ? List.of()
                                            : List.of(
                                                    Notice.warning(
                                                            "the backup was not completed; these finished archives stay: "
                                                                    + String.join(", ", complete),
                                                            "Without a manifest no restore looks at them. Delete them, or keep them for a look."))));
        }

        private Mono<StoredFile> put(String name, byte[] content) {
            return store.put(name, bytes(content), digest);
        }

        private PortableManifest manifestOf(StoredFile meta, List<ShardOutcome> outcomes) {
            List<PortableManifest.Archive> files = outcomes.stream()
                    .filter(ShardOutcome.Stored.class::isInstance)
                    .map(outcome -> archiveOf(((ShardOutcome.Stored) outcome).receipt()))
                    .toList();
            List<ShardOutcome> missing =
                    outcomes.stream().filter(ShardOutcome::missing).toList();
            return PortableManifest.of(
                    new PortableManifest.Meta(
                            meta.name(),
                            catalog.metadata().size(),
                            Optional.of(meta.digest().toString())),
                    files,
                    new PortableManifest.Run(
                            selection.since().isPresent() ? "since" : "full",
                            selection.since().map(Instant::toString),
                            selection.database(),
                            selection.policy(),
                            selection.shard().map(Long::toUnsignedString),
                            selection.time().map(range -> range.start().toString()),
                            selection.time().map(range -> range.end().toString()),
                            namesOf(missing),
                            missing.stream().map(ShardOutcome::reason).toList(),
                            namesOf(outcomes.stream()
                                    .filter(ShardOutcome.Unchanged.class::isInstance)
                                    .toList()),
                            catalog.version().map(ServerVersion::toString)));
        }
    }

    private static List<String> namesOf(List<ShardOutcome> outcomes) {
        return outcomes.stream().map(outcome -> outcome.ref().toString()).toList();
    }

    private static PortableManifest.Archive archiveOf(ShardReceipt receipt) {
        return new PortableManifest.Archive(
                receipt.ref().database(),
                receipt.ref().policy(),
                receipt.ref().id(),
                receipt.location(),
                receipt.rawBytes(),
                0,
                Optional.of(new PortableManifest.Details(
                        receipt.compression().codec().id(),
                        receipt.storedBytes(),
                        receipt.digest().map(Digest::toString).orElse(""),
                        receipt.files())));
    }

    private static Flux<ByteBuf> bytes(byte[] content) {
        return Flux.defer(() -> Flux.just(Unpooled.wrappedBuffer(content)));
    }
}
