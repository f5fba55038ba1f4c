package dev.sluice.engine.source;

import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.ShardWithdrawn;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.error.StreamDamaged;
import dev.sluice.engine.flow.Crossing;
import dev.sluice.engine.flow.Relay;
import dev.sluice.engine.format.StreamLayout;
import dev.sluice.engine.format.StreamManifest;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.stage.codec.Decoders;
import dev.sluice.engine.store.PlainFile;
import dev.sluice.engine.tar.TarReader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.ContextView;

/**
 * A stream archive, read once from its start to its end, from a pipe or a request's body. Whether it is compressed with
 * zstd, gzip or not at all its first bytes tell.
 */
public final class StreamSource implements Source {

    /** Four bytes tell the codec. */
    private static final int HEAD = 4;

    private static final int TAR_BLOCK = 512;

    private final String what;
    private final Flux<ByteBuf> bytes;
    private final Scheduler decoding;
    private final boolean allowIncomplete;
    private final Optional<PlainFile> indexFirst;

    /**
     * @param what the stream, for people: {@code stdin}
     * @param bytes subscribed to once; neither who asks for them nor the thread that brings them is held up
     * @param decoding where they are decompressed and checked
     * @param allowIncomplete a stream that is cut short or damaged ends where it does, with what had arrived whole
     */
    public StreamSource(String what, Flux<ByteBuf> bytes, Scheduler decoding, boolean allowIncomplete) {
        this(what, bytes, decoding, allowIncomplete, Optional.empty());
    }

    private StreamSource(
            String what,
            Flux<ByteBuf> bytes,
            Scheduler decoding,
            boolean allowIncomplete,
            Optional<PlainFile> indexFirst) {
        this.what = what;
        this.bytes = bytes;
        this.decoding = decoding;
        this.allowIncomplete = allowIncomplete;
        this.indexFirst = indexFirst;
    }

    /**
     * A stream that was kept as a file, which is read from its start all the same.
     *
     * @param indexFirst whether the index of a TSM file is read before its bytes, if the stream is not compressed; only
     *     for a file that can be read at any place
     */
    public static StreamSource of(PlainFile file, Scheduler decoding, boolean allowIncomplete, boolean indexFirst) {
        return new StreamSource(
                file.name(), file.read(), decoding, allowIncomplete, indexFirst ? Optional.of(file) : Optional.empty());
    }

    @Override
    public String describe() {
        return what;
    }

    /** Reads on to the catalog, which is near the start. */
    @Override
    public Mono<SourceSession> open(Selection selection) {
        return Mono.deferContextual(context -> {
            StreamHead.requireNoSince(selection);
            Session session = new Session(selection);
            return session.open(context)
                    .thenReturn((SourceSession) session)
                    .doOnError(e -> session.letGo())
                    .doOnCancel(session::letGo);
        });
    }

    private final class Session implements SourceSession {
        private final Selection selection;
        private final Relay<ByteBuf> input = new Relay<>(ByteBuf::release);
        private final Entries entries = new Entries(what);
        private final Set<ShardRef> seen = new HashSet<>();
        private final Map<ShardRef, Integer> whole = new HashMap<>();
        private final Queue<ShardRead> unchanged = new ArrayDeque<>();
        private final Queue<ByteBuf> head = new ConcurrentLinkedQueue<>();
        private volatile boolean closed;
        private volatile boolean inputEnded;
        private volatile boolean plain;
        private final AtomicLong received = new AtomicLong();
        private Catalog catalog = new Catalog(Metadata.of(new byte[0]), List.of(), List.of());
        private Set<ShardRef> wanted = Set.of();
        private Set<ShardRef> announced = Set.of();
        private Digest.Algorithm digest = Digest.Algorithm.CRC32C;
        private Optional<StreamManifest> manifest = Optional.empty();
        private Function<ShardRef, Absence> absences = shard -> Absence.cut();
        private @Nullable StreamShard current;
        private @Nullable SluiceException cut;

        private Session(Selection selection) {
            this.selection = selection;
        }

        private Mono<Void> open(ContextView context) {
            Flux<ShardPart> parts = head().flatMapMany(this::parts).subscribeOn(decoding);
            bytes.transform(Crossing.to(decoding, ByteBuf::release))
                    .doOnNext(buffer -> received.addAndGet(buffer.readableBytes()))
                    .doOnComplete(() -> inputEnded = true)
                    .contextWrite(context)
                    .subscribe(input);
            entries.from(parts);
            return entries.header()
                    .onErrorMap(StreamDamaged.class, this::notAtAll)
                    .flatMap(entries::head)
                    .doOnNext(this::begin)
                    .then();
        }

        /** The first bytes, which tell the codec; the buffers that hold them stay here until they are asked for. */
        private Mono<ByteBuf> head() {
            var length = new int[1];
            return input.until(buffer -> (length[0] += buffer.readableBytes()) >= HEAD)
                    .doOnNext(this::hold)
                    .then(Mono.fromSupplier(() -> {
                        ByteBuf first = Unpooled.buffer(HEAD, HEAD);
                        head.forEach(buffer -> first.writeBytes(
                                buffer, buffer.readerIndex(), Math.min(first.writableBytes(), buffer.readableBytes())));
                        return first;
                    }));
        }

        private void hold(ByteBuf buffer) {
            head.add(buffer);
            if (closed) {
                releaseHead();
            }
        }

        private void releaseHead() {
            for (ByteBuf buffer = head.poll(); buffer != null; buffer = head.poll()) {
                buffer.release();
            }
        }

        private Flux<ShardPart> parts(ByteBuf first) {
            if (!first.isReadable()) {
                return Flux.error(new StreamDamaged(what, "is empty: not one byte came"));
            }
            Codec codec = Decoders.detect(first);
            plain = codec == Codec.NONE;
            Flux<ShardPart> parts = decoded(codec).transform(TarReader.files(what));
            return indexFirst
                    .filter(file -> plain)
                    .map(file -> parts.transform(IndexFirst.inTar(file, 0)))
                    .orElse(parts);
        }

        private Flux<ByteBuf> decoded(Codec codec) {
            return Flux.<ByteBuf>generate(sink -> {
                        ByteBuf buffer = head.poll();
                        if (buffer == null) {
                            sink.complete();
                        } else {
                            sink.next(buffer);
                        }
                    })
                    .concatWith(input.until(buffer -> false))
                    .transform(Decoders.forCodec(codec, what));
        }

        private void begin(StreamHead head) {
            absences = shard -> head.absence(shard, manifest);
            digest = head.told().digest();
            announced = head.announced();
            catalog = head.catalog(selection, ref -> OptionalLong.empty());
            wanted =
                    Set.copyOf(catalog.shards().stream().map(Catalog.Entry::ref).toList());
        }

        @Override
        public Catalog catalog() {
            return catalog;
        }

        @Override
        public Absence absence(ShardRef shard) {
            return absences.apply(shard);
        }

        @Override
        public Access access() {
            return Access.ONE_PASS;
        }

        @Override
        public Flux<ShardRead> shards() {
            return Flux.create(sink -> sink.onRequest(n -> shard().subscribe(
                            shard -> {
                                if (shard.isPresent()) {
                                    sink.next(shard.get());
                                } else {
                                    sink.complete();
                                }
                            },
                            sink::error)));
        }

        /** The next shard that is wanted; an empty value at the end. */
        private Mono<Optional<ShardRead>> shard() {
            return Mono.defer(this::step)
                    .repeat()
                    .filter(Step::decided)
                    .next()
                    .map(Step::shard)
                    .onErrorResume(e -> isCut(e) ? Mono.just(Optional.empty()) : Mono.error(e));
        }

        private Mono<Step> step() {
            if (manifest.isPresent()) {
                return Mono.just(Step.of(unchanged.poll()));
            }
            StreamShard before = current;
            if (before != null) {
                current = null;
                return before.skip().thenReturn(Step.AGAIN);
            }
            return entries.header().flatMap(header -> {
                if (header.path().equals(StreamLayout.MANIFEST)) {
                    return entries.manifest(header).doOnNext(this::finish).thenReturn(Step.AGAIN);
                }
                Optional<ShardRef> ref = StreamLayout.shardOf(header.path());
                if (ref.isEmpty() || !announced.contains(ref.get())) {
                    return Mono.error(damaged("has an entry that was not announced: '%s'".formatted(header.path())));
                }
                seen.add(ref.get());
                StreamShard shard = new StreamShard(
                        ref.get(),
                        header,
                        digest,
                        entries.parts(),
                        this::damaged,
                        end -> whole.put(end.shard(), end.attempt()),
                        e -> isCut(e)
                                ? new ShardWithdrawn(ref.get().toString(), "the stream ends before the shard does")
                                : e);
                current = shard;
                return Mono.just(wanted.contains(ref.get()) ? Step.of(shard) : Step.AGAIN);
            });
        }

        private void finish(StreamManifest end) {
            end.unchanged().stream()
                    .filter(wanted::contains)
                    .map(Unchanged::new)
                    .forEach(unchanged::add);
            manifest = Optional.of(end);
        }

        /** The manifest must say what was seen, and nothing may follow it but the end. */
        @Override
        public Mono<List<Notice>> end() {
            return entries.end()
                    .then(Mono.fromSupplier(() -> manifest.map(this::compare).orElseGet(List::of)))
                    .onErrorResume(e -> isCut(e) ? Mono.just(List.of()) : Mono.error(e))
                    .map(this::withCut);
        }

        private List<Notice> compare(StreamManifest end) {
            Set<ShardRef> listed = new HashSet<>();
            for (StreamManifest.Shard shard : end.shards()) {
                listed.add(shard.ref());
                Integer attempt = whole.get(shard.ref());
                if (!seen.contains(shard.ref()) || (attempt != null && attempt != shard.attempt())) {
                    throw damaged("lists shard %s in its manifest, which did not come so".formatted(shard.ref()));
                }
            }
            for (ShardRef ref : whole.keySet()) {
                if (!listed.contains(ref)) {
                    throw damaged("does not list shard %s in its manifest, although it came".formatted(ref));
                }
            }
            return StreamHead.missing(end, selection);
        }

        private List<Notice> withCut(List<Notice> notices) {
            SluiceException why = cut;
            if (why == null) {
                return notices;
            }
            List<Notice> all = new ArrayList<>(notices);
            String message =
                    "%s; %d of %d shards had arrived whole".formatted(why.getMessage(), whole.size(), announced.size());
            all.add(
                    inputEnded
                            ? Notice.missing(message, "Take the stream again, whole.")
                            : Notice.damaged(message, why.hint()));
            return all;
        }

        @Override
        public Mono<Void> close() {
            return Mono.fromRunnable(this::letGo);
        }

        private void letGo() {
            closed = true;
            entries.close();
            input.close();
            releaseHead();
        }

        /** Whether this is the end of a stream of which a part is welcome. */
        private boolean isCut(Throwable e) {
            boolean ofTheStream =
                    e instanceof StreamDamaged || e instanceof CompressedDataDamaged || e instanceof StoreFailed;
            if (allowIncomplete && ofTheStream) {
                if (cut == null) {
                    cut = (SluiceException) e;
                }
                return true;
            }
            return false;
        }

        /** What is wrong with the very first header. */
        private SluiceException notAtAll(StreamDamaged why) {
            return plain && received.get() >= TAR_BLOCK
                    ? new StreamDamaged(what, "is not a stream archive of Sluice, neither plain nor as zstd or gzip")
                    : why;
        }

        private StreamDamaged damaged(String problem) {
            return new StreamDamaged(what, problem);
        }
    }

    /** One turn of looking for the next shard. */
    private record Step(Optional<ShardRead> shard, boolean decided) {
        private static final Step AGAIN = new Step(Optional.empty(), false);

        static Step of(@Nullable ShardRead shard) {
            return new Step(Optional.ofNullable(shard), true);
        }
    }

    /** A shard that was left out when the stream was made, as nothing had changed in it. */
    record Unchanged(ShardRef ref) implements ShardRead {
        @Override
        public Flux<ShardPart> parts() {
            return Flux.error(new NotThere("shard %s is not in the stream".formatted(ref), ""));
        }

        @Override
        public Mono<Boolean> wanted() {
            return Mono.just(false);
        }
    }
}
