package dev.sluice.engine.target;

import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.flow.Turnstile;
import dev.sluice.engine.format.SeekTable;
import dev.sluice.engine.format.StreamCatalog;
import dev.sluice.engine.format.StreamJson;
import dev.sluice.engine.format.StreamLayout;
import dev.sluice.engine.format.StreamManifest;
import dev.sluice.engine.format.StreamShardEnd;
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
import dev.sluice.engine.stage.SlabPool;
import dev.sluice.engine.store.Checksum;
import io.netty.buffer.ByteBuf;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A stream archive: one tar, compressed as a whole, for a pipe or a response body. Shards are written one after the
 * other while those that wait read ahead; bytes that went out cannot be taken back, so a failed attempt is brought to an
 * orderly end and marked as one that does not count.
 */
public final class StreamTarget implements Target {

    private final String description;
    private final Function<Flux<ByteBuf>, Mono<?>> sink;
    private final SlabLine line;
    private final Digest.Algorithm digest;
    private final Selection selection;
    private final Clock clock;

    /**
     * @param description for people
     * @param sink takes all bytes of the stream, and completes when they are where they should be; its failure is that
     *     of the copy
     * @param line from bytes to compressed slabs
     * @param digest of each file
     * @param selection for the catalog
     * @param clock for the catalog
     */
    public StreamTarget(
            String description,
            Function<Flux<ByteBuf>, Mono<?>> sink,
            SlabLine line,
            Digest.Algorithm digest,
            Selection selection,
            Clock clock) {
        this.description = description;
        this.sink = sink;
        this.line = line;
        this.digest = digest;
        this.selection = selection;
        this.clock = clock;
    }

    @Override
    public String describe() {
        return description;
    }

    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return Mono.fromSupplier(() -> {
            Session session = new Session(catalog);
            session.start();
            return session;
        });
    }

    private final class Session implements TargetSession {
        private final Catalog catalog;
        private final Instant now = clock.instant();
        private final Turnstile turnstile = new Turnstile();
        private final Sinks.Empty<Void> written = Sinks.empty();
        private final Disposable.Swap writing = Disposables.swap();
        private final Map<ShardRef, Integer> attempts = new ConcurrentHashMap<>();
        private final List<StreamManifest.Shard> stored = new CopyOnWriteArrayList<>();
        private final Set<String> kept = ConcurrentHashMap.newKeySet();
        private final Set<String> thrownAway = ConcurrentHashMap.newKeySet();
        private final AtomicLong offset = new AtomicLong();

        private Session(Catalog catalog) {
            this.catalog = catalog;
        }

        private void start() {
            Flux<ByteBuf> out = line.compression().codec() == Compression.Codec.ZSTD
                    ? SeekTable.behind(turnstile.out())
                    : turnstile.out();
            writing.update(sink.apply(out)
                    .subscribe(
                            ignored -> {},
                            why -> {
                                written.tryEmitError(why);
                                turnstile.fail(why);
                            },
                            written::tryEmitEmpty));
            byte[] metadata = catalog.metadata().toByteArray();
            var announced = new StreamCatalog(
                    now,
                    selection.since().isPresent() ? "since" : "full",
                    digest,
                    Optional.of(Checksum.of(digest, metadata)),
                    catalog.shards().stream().map(Catalog.Entry::ref).toList(),
                    catalog.notOffered(),
                    catalog.version().map(ServerVersion::toString));
            put(
                    "meta",
                    StreamEntries.secret(StreamLayout.META, metadata, now),
                    StreamEntries.entry(StreamLayout.CATALOG, StreamJson.encode(announced), now));
        }

        @Override
        public int maxOpenShards() {
            return Integer.MAX_VALUE;
        }

        @Override
        public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer storedBytes) {
            return Mono.create(result -> {
                int attempt = attempts.merge(shard, 1, Integer::sum);
                var entries = new StreamEntries(shard, attempt, digest, now);
                var size = new AtomicLong();
                var failed = new AtomicBoolean();
                Consumer<Throwable> fail = why -> {
                    if (failed.compareAndSet(false, true)) {
                        result.error(why);
                    }
                };
                SlabPool.Standing standing = line.pool().standing();
                Turnstile.Turn turn = turnstile.enter(
                        place -> entries.bytes(parts, place::leave, fail)
                                .transform(line.through(shard.idText() + ".tar", standing))
                                .doOnNext(piece -> {
                                    size.addAndGet(piece.readableBytes());
                                    storedBytes.accept(piece.readableBytes());
                                }),
                        standing::first,
                        () -> {
                            long start = offset.getAndAdd(entries.bytes());
                            if (failed.get()) {
                                thrownAway.addAll(entries.paths());
                            } else {
                                keep(shard, attempt, entries, start);
                                result.success(receipt(shard, entries, size.get()));
                            }
                        },
                        fail);
                result.onCancel(turn::cancel);
            });
        }

        private void keep(ShardRef shard, int attempt, StreamEntries entries, long start) {
            kept.addAll(entries.paths());
            stored.add(new StreamManifest.Shard(
                    shard,
                    attempt,
                    entries.files().size(),
                    start,
                    entries.bytes(),
                    OptionalLong.of(entries.sourceBytes())));
        }

        private ShardReceipt receipt(ShardRef shard, StreamEntries entries, long size) {
            return new ShardReceipt(
                    shard,
                    entries.sourceBytes(),
                    size,
                    description,
                    line.compression(),
                    Optional.empty(),
                    entries.files().stream().map(StreamShardEnd.File::name).toList(),
                    Duration.ZERO);
        }

        /** The manifest, which is what makes a whole of it, and the end of the tar. */
        @Override
        public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
            return Mono.defer(() -> {
                // Attempts that failed may still be on their way out; the line is asked when all before it is through.
                turnstile.enter(
                        turn -> Flux.defer(() -> Flux.just(manifest(outcomes), StreamEntries.endMarker()))
                                .transform(line.through("manifest.tar")),
                        () -> {},
                        () -> {},
                        why -> {});
                turnstile.close();
                return written.asMono().then(Mono.fromSupplier(() -> new Sealed(description, notices())));
            });
        }

        private ByteBuf manifest(List<ShardOutcome> outcomes) {
            List<StreamManifest.Missing> missing = outcomes.stream()
                    .filter(ShardOutcome::missing)
                    .map(outcome -> new StreamManifest.Missing(outcome.ref(), outcome.reason()))
                    .toList();
            List<ShardRef> unchanged = outcomes.stream()
                    .filter(ShardOutcome.Unchanged.class::isInstance)
                    .map(ShardOutcome::ref)
                    .toList();
            var manifest = new StreamManifest(stored, missing, unchanged, leftovers());
            return StreamEntries.entry(StreamLayout.MANIFEST, StreamJson.encode(manifest), now);
        }

        private List<String> leftovers() {
            Set<String> left = new LinkedHashSet<>(thrownAway);
            left.removeAll(kept);
            return left.stream().sorted().toList();
        }

        private List<Notice> notices() {
            List<String> left = leftovers();
            return left.isEmpty()
                    ? List.of()
                    : List.of(Notice.note(
                            "%d files of attempts that failed are in the stream: %s"
                                    .formatted(left.size(), String.join(", ", left)),
                            "Sluice passes them over. Who unpacks the stream with tar alone deletes them afterwards; "
                                    + "manifest.json lists them under 'leftovers'."));
        }

        @Override
        public Mono<List<Notice>> abort() {
            return Mono.fromSupplier(() -> {
                turnstile.fail(new CancellationException("the copy was given up"));
                writing.dispose();
                return List.of(Notice.warning(
                        "what went to %s is not complete".formatted(description),
                        "It has no manifest, so that whoever reads it will be told. Make it again; what is in it whole "
                                + "can be taken with --allow-incomplete."));
            });
        }

        private void put(String name, ByteBuf... entries) {
            for (ByteBuf entry : entries) {
                offset.addAndGet(entry.readableBytes());
            }
            turnstile.enter(
                    turn -> Flux.fromArray(entries).transform(line.through(name + ".tar")),
                    () -> {},
                    () -> {},
                    why -> {});
        }
    }
}
