package dev.sluice.engine.transfer;

import dev.sluice.engine.flow.CancelOn;
import dev.sluice.engine.flow.FirstFailure;
import dev.sluice.engine.line.TextBuffer;
import dev.sluice.engine.line.TextPool;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/**
 * Makes text of a shard's files. One run.
 *
 * <p>Indexes are read by one thread, chunks of blocks are made into text side by side by the workers, and come out in
 * order. What is ahead of the output is bounded: two to eight pieces of 256 KiB for each chunk under work, and the entry
 * that it is at where that is a segment of a log.
 */
final class ShardText {

    /** Memory for text ahead of the output. */
    private static final int AHEAD = 16 << 20;

    private final ExportOptions options;
    private final Findings findings;
    private final WalDamage damage;
    private final Scheduler workers;
    private final int sideBySide;
    private final Scheduler files;
    private final int ahead;
    private final TextPool pool;
    private final KnownTimes known = new KnownTimes();
    private final AtomicLong read = new AtomicLong();

    /**
     * @param workers where text is made
     * @param parallelism of the workers
     * @param files where files are opened and their indexes read; may block
     */
    ShardText(
            ExportOptions options,
            Findings findings,
            WalDamage damage,
            Scheduler workers,
            int parallelism,
            Scheduler files) {
        this.options = options;
        this.findings = findings;
        this.damage = damage;
        this.workers = workers;
        this.sideBySide = parallelism + 1;
        this.files = files;
        this.ahead = Math.max(2, Math.min(8, AHEAD / (sideBySide * Chunk.MEMORY)));
        this.pool = new TextPool(Chunk.MEMORY, sideBySide * (ahead + 1) + 2);
    }

    /** Files that were opened so far. */
    long filesRead() {
        return read.get();
    }

    /**
     * The text of one policy's files.
     *
     * @param titled whether what comes before it is another place's
     */
    Flux<Piece> of(ShardFiles shard, boolean titled) {
        Flux<Piece> context = titled ? words(shard.place(), context(shard.place())) : Flux.empty();
        return context.concatWith(options.mergeFields() ? merged(shard) : compatible(shard, titled));
    }

    /** The lines that say whose points follow. */
    static String context(Place place) {
        return "# CONTEXT-DATABASE:%s\n# CONTEXT-RETENTION-POLICY:%s\n".formatted(place.database(), place.policy());
    }

    /** Lines that are no points, unless only points are wanted. */
    Flux<Piece> words(Place place, String text) {
        if (options.pointsOnly() || text.isEmpty()) {
            return Flux.empty();
        }
        return Flux.defer(() -> {
            var buffer = new TextBuffer(text.length() + 16).append(text);
            return Flux.just(new Piece(place, buffer.take(), 0, 0));
        });
    }

    private Flux<Piece> compatible(ShardFiles shard, boolean titled) {
        Place place = shard.place();
        Flux<Piece> tsm = shard.tsm().isEmpty()
                ? Flux.empty()
                : (titled ? words(place, "# writing tsm data\n") : Flux.<Piece>empty())
                        .concatWith(chunks(open ->
                                Flux.fromIterable(shard.tsm()).concatMap(path -> fieldChunks(place, path, open), 0)));
        Flux<Piece> wal = shard.wal().isEmpty()
                ? Flux.empty()
                : words(place, "# writing wal data\n")
                        .concatWith(Mono.fromCallable(() -> logsSideBySide(shard.wal()))
                                .subscribeOn(files)
                                .flatMapMany(logs -> chunks(
                                        logs,
                                        open -> Flux.fromIterable(shard.wal())
                                                .doOnNext(path -> read.incrementAndGet())
                                                .map(path -> new WalChunk(place, path, options, open, damage, pool)))));
        return tsm.concatWith(wal);
    }

    private int logsSideBySide(List<Path> segments) {
        return WalChunk.sideBySide(segments, Runtime.getRuntime().maxMemory(), sideBySide);
    }

    private Flux<Chunk> fieldChunks(Place place, Path path, OpenFiles open) {
        return Flux.defer(() -> {
            read.incrementAndGet();
            OpenTsm file = opened(path, open);
            return file == null ? Flux.empty() : chunksOf(new FieldWork(place, file, options, findings, known, pool));
        });
    }

    /** Shard by shard: files of different shards have no points in common. */
    private Flux<Piece> merged(ShardFiles policy) {
        Map<Path, ShardFiles> shards = new LinkedHashMap<>();
        policy.tsm().forEach(path -> add(shards, policy.place(), name(path), List.of(path), List.of()));
        policy.wal().forEach(path -> add(shards, policy.place(), name(path), List.of(), List.of(path)));
        return Flux.fromIterable(shards.values())
                .concatMap(shard -> chunks(open -> Flux.defer(() -> chunksOf(seriesWork(shard, open)))), 0);
    }

    private static Path name(Path file) {
        Path parent = file.getParent();
        Path name = parent == null ? null : parent.getFileName();
        return name == null ? Path.of("") : name;
    }

    private static void add(Map<Path, ShardFiles> shards, Place place, Path name, List<Path> tsm, List<Path> wal) {
        shards.merge(name, new ShardFiles(place, tsm, wal), (a, b) -> {
            var allTsm = new ArrayList<>(a.tsm());
            allTsm.addAll(b.tsm());
            var allWal = new ArrayList<>(a.wal());
            allWal.addAll(b.wal());
            return new ShardFiles(place, allTsm, allWal);
        });
    }

    private SeriesWork seriesWork(ShardFiles shard, OpenFiles open) {
        var opened = new ArrayList<OpenTsm>();
        for (Path path : shard.tsm()) {
            read.incrementAndGet();
            OpenTsm file = opened(path, open);
            if (file != null) {
                opened.add(file);
            }
        }
        read.addAndGet(shard.wal().size());
        return new SeriesWork(shard.place(), opened, shard.wal(), options, findings, damage, known, pool);
    }

    private @Nullable OpenTsm opened(Path path, OpenFiles open) {
        try {
            return FieldWork.open(path, open, findings);
        } catch (IOException e) {
            findings.damaged(path.toString(), Input.failed(path.toString(), e));
            return null;
        }
    }

    private static Flux<Chunk> chunksOf(Work work) {
        return Flux.generate(sink -> emit(sink, work::next));
    }

    /** Makes chunks into text side by side and in order; all that was opened is closed in the end. */
    private Flux<Piece> chunks(Function<OpenFiles, Flux<Chunk>> of) {
        return chunks(sideBySide, of);
    }

    private Flux<Piece> chunks(int concurrency, Function<OpenFiles, Flux<Chunk>> of) {
        return Flux.using(
                        OpenFiles::new,
                        open -> of.apply(open)
                                .subscribeOn(files)
                                .flatMapSequential(
                                        chunk -> Flux.<Piece>generate(sink -> emit(sink, chunk::next))
                                                .subscribeOn(workers),
                                        concurrency,
                                        ahead)
                                .onErrorMap(FirstFailure::of),
                        OpenFiles::close)
                .transform(CancelOn.threads(files));
    }

    /** What gives the next element, or null at the end. */
    private interface Next<T> {
        @Nullable
        T next() throws IOException;
    }

    private static <T> void emit(SynchronousSink<T> sink, Next<T> from) {
        T next;
        try {
            next = from.next();
        } catch (ClosedByInterruptException e) { // the threads were taken away before the end
            sink.error(Input.failed("a file of the export", e));
            return;
        } catch (ClosedChannelException e) {
            sink.complete(); // the export was cancelled meanwhile
            return;
        } catch (IOException e) {
            sink.error(Input.failed("a file of the export", e));
            return;
        }
        if (next == null) {
            sink.complete();
        } else {
            sink.next(next);
        }
    }
}
