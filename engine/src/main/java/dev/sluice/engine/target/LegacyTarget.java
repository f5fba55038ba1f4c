package dev.sluice.engine.target;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.format.LegacyName;
import dev.sluice.engine.format.Unfinished;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.Reservation;
import dev.sluice.engine.store.Store;
import dev.sluice.engine.store.StoreEntry;
import dev.sluice.engine.tar.TarWriter;
import dev.sluice.engine.wire.MetastoreAnswer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A legacy backup in a store, byte for byte as influxd writes it: the archives as they came from the server, and last
 * {@code meta.NN}. Each file gets the first number that its name has free, so runs into the same directory add up.
 */
public final class LegacyTarget implements Target {

    /** Most file systems take 255 bytes; a file that is not finished yet has a longer name. */
    private static final int LONGEST_NAME = 255 - ".".length() - ".12345678.pending".length();

    private static final int NUMBERS_TO_TRY = 1000;

    private final Mono<? extends Store> store;
    private final String description;
    private final SlabLine line;
    private final Digest.Algorithm digest;

    /**
     * @param store opened when the copy begins; its failure refuses the copy
     * @param description for people
     * @param line from a shard's bytes to slabs; without compression, as the format has none
     * @param digest of each stored file, for the report
     */
    public LegacyTarget(Mono<? extends Store> store, String description, SlabLine line, Digest.Algorithm digest) {
        if (line.compression().codec() != Compression.Codec.NONE) {
            throw new IllegalArgumentException("the legacy format has no compression, not " + line.compression());
        }
        this.store = store;
        this.description = description;
        this.line = line;
        this.digest = digest;
    }

    @Override
    public String describe() {
        return "legacy:" + description;
    }

    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return store.flatMap(opened -> opened.content().flatMap(there -> {
            Set<String> names = there.files().stream().map(StoreEntry::name).collect(Collectors.toSet());
            return claim(opened, firstFree(names, LegacyName::meta), NUMBERS_TO_TRY)
                    .map(meta -> new Session(opened, names, meta, catalog, there.unfinished()));
        }));
    }

    private static long firstFree(Set<String> names, LongFunction<String> name) {
        long number = 0;
        while (names.contains(name.apply(number))) {
            number++;
        }
        return number;
    }

    /** Claimed first, so that two runs into one directory do not take the same number. */
    private static Mono<Reservation> claim(Store store, long number, int left) {
        return store.reserve(LegacyName.meta(number))
                .switchIfEmpty(Mono.defer(() -> left > 1
                        ? claim(store, number + 1, left - 1)
                        : Mono.error(new StoreFailed(
                                "no free name for the metadata in %s, up to %s"
                                        .formatted(store.describe(), LegacyName.meta(number)),
                                "Use another directory, or delete left-over files that end in .pending.",
                                new IOException("every number is taken")))));
    }

    private final class Session implements TargetSession {
        private final Store store;
        private final Set<String> names;
        private final Reservation meta;
        private final Catalog catalog;
        private final List<Notice> found;
        private final Map<ShardRef, String> refused = new LinkedHashMap<>();
        private final Set<String> ours = ConcurrentHashMap.newKeySet();

        private Session(Store store, Set<String> names, Reservation meta, Catalog catalog, List<StoreEntry> pending) {
            this.store = store;
            this.names = names;
            this.meta = meta;
            this.catalog = catalog;
            this.found =
                    Unfinished.legacy(pending).notice(store.describe()).stream().toList();
            for (Catalog.Entry entry : catalog.shards()) {
                String name = nameOf(entry.ref());
                if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
                    refused.put(entry.ref(), "its names are too long for a file of the legacy format");
                } else if (name.startsWith(".")) {
                    refused.put(
                            entry.ref(), "a file of the legacy format cannot begin with a dot, as its database does");
                }
            }
        }

        private String nameOf(ShardRef ref) {
            return LegacyName.of(ref, firstFree(names, number -> LegacyName.of(ref, number)));
        }

        @Override
        public int maxOpenShards() {
            return Integer.MAX_VALUE;
        }

        @Override
        public List<Notice> found() {
            return found;
        }

        @Override
        public Map<ShardRef, String> refused() {
            return refused;
        }

        @Override
        public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
            return Mono.defer(() -> {
                String name = nameOf(shard);
                List<String> files = new ArrayList<>();
                Flux<ByteBuf> archive = parts.doOnNext(part -> {
                            if (part instanceof ShardPart.FileStart file) {
                                files.add(file.name());
                            }
                        })
                        .transform(TarWriter::bytes)
                        .transform(line.through(name))
                        .doOnNext(slab -> stored.accept(slab.readableBytes()));
                return store.put(name, archive, digest)
                        .doOnNext(file -> ours.add(name)) // not before: until then it may be another run's
                        .map(file -> new ShardReceipt(
                                shard,
                                file.size(),
                                file.size(),
                                file.name(),
                                Compression.NONE,
                                Optional.of(file.digest()),
                                files,
                                file.syncing()));
            });
        }

        @Override
        public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
            Flux<ByteBuf> bytes = Flux.defer(
                    () -> Flux.just(new MetastoreAnswer(catalog.metadata()).encode(ByteBufAllocator.DEFAULT)));
            return meta.put(bytes, digest)
                    .map(file -> new Sealed(store.describe(file.name()), hardForInfluxd(outcomes)));
        }

        private List<Notice> hardForInfluxd(List<ShardOutcome> outcomes) {
            List<String> hard = outcomes.stream()
                    .filter(ShardOutcome.Stored.class::isInstance)
                    .map(ShardOutcome::ref)
                    .filter(ref -> ref.database().equals("meta")
                            || (ref.database() + ref.policy()).chars().anyMatch(c -> ".[]*?".indexOf(c) >= 0))
                    .map(ref -> "'%s/%s'".formatted(ref.database(), ref.policy()))
                    .distinct()
                    .toList();
            return hard.isEmpty()
                    ? List.of()
                    : List.of(Notice.warning(
                            "'influxd restore' cannot restore these from a legacy backup, because of their names: "
                                    + String.join(", ", hard),
                            "Sluice can. For influxd make a portable backup."));
        }

        /** Nothing in the format tells archives of a run that failed from others, so none may stay. */
        @Override
        public Mono<List<Notice>> abort() {
            return meta.release()
                    .thenMany(Flux.defer(() -> Flux.fromIterable(List.copyOf(ours))))
                    .concatMap(store::delete)
                    .then(Mono.just(List.of()));
        }
    }
}
