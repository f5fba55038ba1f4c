package dev.sluice.engine.testkit;

import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.Access;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.target.Sealed;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.target.TargetSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Shards in memory, to copy from and to copy to. */
public final class MemoryShards implements Source, Target {

    private static final int CHUNK = 4_000;

    private final Map<ShardRef, Map<String, byte[]>> shards;
    private final Map<ShardRef, Queue<Integer>> cuts = new ConcurrentHashMap<>();
    private Function<Flux<ByteBuf>, Flux<ByteBuf>> wire = bytes -> bytes;

    /** None, to copy to. */
    public MemoryShards() {
        this(Map.of());
    }

    /** These, to copy from, in the map's order. */
    public MemoryShards(Map<ShardRef, Map<String, byte[]>> shards) {
        this.shards = new ConcurrentHashMap<>(shards);
        this.order = List.copyOf(shards.keySet());
    }

    private final List<ShardRef> order;

    /** The first attempts at this shard end after so many bytes of its tar. */
    public MemoryShards cut(ShardRef ref, Integer... bytes) {
        cuts.put(ref, new ArrayDeque<>(List.of(bytes)));
        return this;
    }

    /** What the bytes of each attempt pass. */
    public MemoryShards over(Function<Flux<ByteBuf>, Flux<ByteBuf>> value) {
        wire = value;
        return this;
    }

    /** What there is, by shard and file name. */
    public Map<ShardRef, Map<String, byte[]>> shards() {
        return shards;
    }

    /** A metastore of these shards. */
    public Metadata metadata() {
        return Metadata.of(Answers.metadata(order.toArray(ShardRef[]::new)));
    }

    @Override
    public String describe() {
        return "memory";
    }

    @Override
    public Mono<SourceSession> open(Selection selection) {
        return Mono.just(new SourceSession() {
            @Override
            public Catalog catalog() {
                return new Catalog(
                        metadata(),
                        order.stream()
                                .map(ref -> new Catalog.Entry(ref, Optional.empty(), OptionalLong.empty()))
                                .toList(),
                        List.of());
            }

            @Override
            public Access access() {
                return Access.AGAIN;
            }

            @Override
            public Flux<ShardRead> shards() {
                return Flux.fromIterable(order).map(MemoryShards.this::read);
            }

            @Override
            public Absence absence(ShardRef shard) {
                return Absence.before();
            }

            @Override
            public Mono<Void> close() {
                return Mono.empty();
            }
        });
    }

    private ShardRead read(ShardRef ref) {
        return new ShardRead() {
            @Override
            public ShardRef ref() {
                return ref;
            }

            @Override
            public Flux<ShardPart> parts() {
                return Flux.defer(() -> {
                    byte[] tar = Answers.shard(ref, Objects.requireNonNull(shards.get(ref)));
                    Queue<Integer> ends = cuts.getOrDefault(ref, new ArrayDeque<>());
                    Integer end = ends.poll();
                    return chunks(end == null ? tar : Arrays.copyOf(tar, end))
                            .transform(wire)
                            .transform(TarReader.parts(ref));
                });
            }
        };
    }

    /** Bytes in pooled buffers, made on demand. */
    public static Flux<ByteBuf> chunks(byte[] bytes) {
        return Flux.generate(() -> 0, (at, sink) -> {
            if (at == bytes.length) {
                sink.complete();
                return at;
            }
            int length = Math.min(CHUNK, bytes.length - at);
            sink.next(PooledByteBufAllocator.DEFAULT.directBuffer(length).writeBytes(bytes, at, length));
            return at + length;
        });
    }

    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return Mono.just(new TargetSession() {
            @Override
            public int maxOpenShards() {
                return Integer.MAX_VALUE;
            }

            @Override
            public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
                return Mono.defer(() -> {
                    var files = new LinkedHashMap<String, ByteArrayOutputStream>();
                    var names = new ArrayList<String>();
                    return parts.doOnNext(part -> {
                                if (part instanceof ShardPart.FileStart start) {
                                    names.add(start.name());
                                    files.put(start.name(), new ByteArrayOutputStream());
                                } else if (part instanceof ShardPart.Bytes data) {
                                    byte[] chunk = new byte[data.data().readableBytes()];
                                    data.data().getBytes(data.data().readerIndex(), chunk);
                                    Objects.requireNonNull(files.get(names.get(names.size() - 1)))
                                            .writeBytes(chunk);
                                }
                                part.release();
                            })
                            .then(Mono.fromSupplier(() -> {
                                var content = new LinkedHashMap<String, byte[]>();
                                files.forEach((name, bytes) -> content.put(name, bytes.toByteArray()));
                                shards.put(shard, content);
                                return new ShardReceipt(
                                        shard,
                                        0,
                                        0,
                                        "memory",
                                        Compression.NONE,
                                        Optional.empty(),
                                        names,
                                        Duration.ZERO);
                            }));
                });
            }

            @Override
            public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
                return Mono.just(Sealed.at("memory"));
            }

            @Override
            public Mono<List<Notice>> abort() {
                return Mono.just(List.of());
            }
        });
    }
}
