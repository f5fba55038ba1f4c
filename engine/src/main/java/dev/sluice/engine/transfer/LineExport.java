package dev.sluice.engine.transfer;

import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.flow.CancelOn;
import dev.sluice.engine.flow.FirstFailure;
import dev.sluice.engine.flow.Until;
import dev.sluice.engine.line.TextBuffer;
import dev.sluice.engine.line.TextPool;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.source.Access;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.ShardSpool;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.stage.SlabLine;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/**
 * Exports shards as line protocol. One run.
 *
 * <p>Indexes are read by one thread, chunks of blocks are made into text side by side by the workers, and come out in
 * order. What is ahead of the output is bounded: two to eight pieces of 256 KiB for each chunk under work, and the entry
 * that it is at where that is a segment of a log.
 */
public final class LineExport {

    /** Memory for text ahead of the output. */
    private static final int AHEAD = 16 << 20;

    private final String source;
    private final ExportOptions options;
    private final SlabLine line;
    private final Scheduler workers;
    private final int parallelism;
    private final Scheduler files;
    private final Scheduler clock;

    private final int ahead;
    private final TextPool pool;
    private final KnownTimes known = new KnownTimes();
    private final Telling telling = new Telling();
    private final Findings findings;
    private final WalDamage damage;
    private final AtomicLong lines = new AtomicLong();
    private final AtomicLong values = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong read = new AtomicLong();
    private final AtomicLong stored = new AtomicLong();
    private final List<String> outputs = new CopyOnWriteArrayList<>();
    private volatile String at = "";

    /**
     * An export.
     *
     * @param source for people
     * @param line slabs and compression; belongs to the caller
     * @param workers where text is made; may be used by others too
     * @param parallelism of the workers
     * @param files where work on files is done; may block
     * @param clock tells the time
     */
    public LineExport(
            String source,
            ExportOptions options,
            SlabLine line,
            Scheduler workers,
            int parallelism,
            Scheduler files,
            Scheduler clock) {
        this.source = source;
        this.options = options;
        this.line = line;
        this.workers = workers;
        this.parallelism = parallelism;
        this.files = files;
        this.clock = clock;
        int side = parallelism + 1;
        this.ahead = Math.max(2, Math.min(8, AHEAD / (side * Chunk.MEMORY)));
        this.pool = new TextPool(Chunk.MEMORY, side * (ahead + 1) + 2);
        this.findings = new Findings(telling, options.strict());
        this.damage = new WalDamage(telling, findings);
    }

    /** What tells about this export, and about what else is a part of the same run. */
    Telling telling() {
        return telling;
    }

    /** Where the text goes. */
    public sealed interface Out {
        /** A file; with parts, several that are named after it. */
        record ToFile(Path path) implements Out {
            @Override
            public String toString() {
                return path.toString();
            }
        }

        /**
         * Somebody who reads it here, and gives how many bytes that were.
         *
         * @param name for people
         * @param reader releases the buffers, which are on the heap; a cancel ends the export
         */
        record ToReader(String name, Function<Flux<ByteBuf>, Mono<Long>> reader) implements Out {
            @Override
            public String toString() {
                return name;
            }
        }

        /** A channel that stays open. */
        record ToChannel(String name, WritableByteChannel channel) implements Out {
            @Override
            public String toString() {
                return name;
            }
        }
    }

    /**
     * Exports a stopped server's directories.
     *
     * @param meta the directory of its metastore; without it the statements know only names
     * @param stop its error ends it, and is passed on
     */
    public Flux<TransferEvent> directories(Path data, Path wal, Optional<Path> meta, Out out, Mono<?> stop) {
        Mono<TransferEvent.Exported> work = Mono.fromCallable(() -> {
                    List<ShardFiles> found = DataDirectory.scan(data, wal, options.database(), options.policy());
                    if (found.isEmpty() && options.database().isPresent()) {
                        telling.warn(
                                "%s has no shard of %s"
                                        .formatted(
                                                data,
                                                options.database().get()
                                                        + options.policy()
                                                                .map(name -> "/" + name)
                                                                .orElse("")),
                                "Is the name spelled right? One that was never written to has none.");
                    }
                    Optional<Metastore> metastore = meta.isPresent()
                            ? Optional.of(Metastore.decode(Metadata.of(readMeta(meta.get()))))
                            : Optional.empty();
                    List<Place> places = found.stream().map(ShardFiles::place).toList();
                    return head(places, metastore, Mapping.NONE);
                })
                .subscribeOn(files)
                .flatMap(head -> write(
                        out,
                        head,
                        Flux.defer(() -> Flux.fromIterable(
                                        DataDirectory.scan(data, wal, options.database(), options.policy())))
                                .subscribeOn(files)
                                .concatMap(this::section, 0)))
                .map(TransferEvent.Exported::new);
        return told(Until.stopped(stop, work), out);
    }

    /**
     * Exports what a source has, shard by shard through a scratch directory.
     *
     * @param scratch room for the largest shard
     * @param stop its error ends it, and is passed on
     */
    public Flux<TransferEvent> source(Source from, Path scratch, Out out, Mono<?> stop) {
        Optional<TimeRange> time = options.window().isAll()
                ? Optional.empty()
                : Optional.of(new TimeRange(instant(options.start()), instant(options.end())));
        var selection = new Selection(options.database(), options.policy(), Optional.empty(), time, Optional.empty());
        Mono<TransferEvent.Exported> work =
                read(from, selection, Mapping.NONE, scratch, out).map(TransferEvent.Exported::new);
        return told(Until.stopped(stop, work), out);
    }

    /**
     * Exports a part of what a source has, without what is told.
     *
     * @param mapping names that databases and policies have in the text
     */
    Mono<ExportReport> read(Source from, Selection selection, Mapping mapping, Path scratch, Out out) {
        return Mono.usingWhen(
                from.open(selection), session -> session(session, mapping, scratch, out), SourceSession::close);
    }

    /** Exports one shard's files as points for an import, without statements and without what is told. */
    Mono<ExportReport> shard(ShardFiles shard, Out out) {
        return write(out, "# DML\n", section(shard));
    }

    private Mono<ExportReport> session(SourceSession session, Mapping mapping, Path scratch, Out out) {
        session.catalog()
                .notOffered()
                .forEach(ref -> findings.missing(
                        "shard %s: %s".formatted(ref, session.absence(ref).why())));
        List<Place> places = session.catalog().shards().stream()
                .map(entry -> place(entry.ref()))
                .distinct()
                .sorted(Comparator.comparing(Place::database).thenComparing(Place::policy))
                .toList();
        String head =
                head(places, Optional.of(Metastore.decode(session.catalog().metadata())), mapping);
        Flux<ShardRead> shards = session.access() == Access.ONE_PASS
                ? session.shards()
                : session.shards()
                        .collectSortedList(Comparator.comparing(
                                        (ShardRead shard) -> place(shard.ref()).database())
                                .thenComparing(shard -> place(shard.ref()).policy())
                                .thenComparing(shard -> shard.ref().idText()))
                        .flatMapMany(Flux::fromIterable);
        Place[] before = {new Place("", "")};
        Flux<Piece> pieces = shards.concatMap(
                shard -> ShardSpool.using(shard.parts(), scratch, files, spool -> {
                    Place place = place(mapping.rename(shard.ref()));
                    boolean again = place.equals(before[0]);
                    before[0] = place;
                    return section(new ShardFiles(place, spool.tsm(), List.of()), !again);
                }),
                0);
        return write(
                out,
                head,
                pieces.concatWith(session.end()
                        .doOnNext(notices -> notices.forEach(notice -> telling.warn(notice.message(), notice.hint())))
                        .thenMany(Flux.empty())));
    }

    private static Place place(ShardRef ref) {
        return new Place(ref.database(), ref.policy());
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }

    private static byte[] readMeta(Path directory) {
        Path file = Files.isDirectory(directory) ? directory.resolve("meta.db") : directory;
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw Input.failed(file.toString(), e);
        }
    }

    /** Tells how the work goes. */
    Flux<TransferEvent> told(Mono<? extends TransferEvent> work, Out out) {
        return telling.about(
                new TransferEvent.Started(source, out.toString()),
                work,
                () -> new TransferEvent.Progress(telling.elapsed(), lines.get(), values.get(), bytes.get(), at),
                clock);
    }

    private String head(List<Place> places, Optional<Metastore> metastore, Mapping mapping) {
        return options.pointsOnly()
                ? ""
                : Ddl.heading(options.window(), ZoneId.systemDefault())
                        + "# DDL\n"
                        + Ddl.statements(places, metastore, mapping)
                        + "# DML\n";
    }

    /** The text of one policy's files. */
    private Flux<Piece> section(ShardFiles shard) {
        return section(shard, true);
    }

    private Flux<Piece> section(ShardFiles shard, boolean withContext) {
        at = shard.place().database() + "/" + shard.place().policy();
        Flux<Piece> context = withContext ? words(shard.place(), context(shard.place())) : Flux.empty();
        return context.concatWith(options.mergeFields() ? merged(shard) : compatible(shard, withContext));
    }

    private static String context(Place place) {
        return "# CONTEXT-DATABASE:%s\n# CONTEXT-RETENTION-POLICY:%s\n".formatted(place.database(), place.policy());
    }

    /** Lines that are no points, unless only points are wanted. */
    private Flux<Piece> words(Place place, String text) {
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
                        .concatWith(Mono.fromCallable(() -> sideBySide(shard.wal()))
                                .subscribeOn(files)
                                .flatMapMany(side -> chunks(
                                        side,
                                        open -> Flux.fromIterable(shard.wal())
                                                .doOnNext(path -> read.incrementAndGet())
                                                .map(path -> new WalChunk(place, path, options, open, damage, pool)))));
        return tsm.concatWith(wal);
    }

    private int sideBySide(List<Path> segments) {
        return WalChunk.sideBySide(segments, Runtime.getRuntime().maxMemory(), parallelism + 1);
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
        return chunks(parallelism + 1, of);
    }

    private Flux<Piece> chunks(int sideBySide, Function<OpenFiles, Flux<Chunk>> of) {
        return Flux.using(
                        OpenFiles::new,
                        open -> of.apply(open)
                                .subscribeOn(files)
                                .flatMapSequential(
                                        chunk -> Flux.<Piece>generate(sink -> emit(sink, chunk::next))
                                                .subscribeOn(workers),
                                        sideBySide,
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

    private Mono<ExportReport> write(Out out, String head, Flux<Piece> points) {
        var text = new TextOut(line, files);
        Flux<Piece> all = words(new Place("", ""), head).concatWith(points).doOnNext(this::count);
        Mono<Void> written = options.split().isPresent() && out instanceof Out.ToFile file
                ? parts(text, file.path(), head, all, options.split().getAsLong())
                : whole(text, out, all.map(piece -> piece.text().toByteBuf()));
        return written.then(Mono.fromCallable(() -> new ExportReport(
                source,
                outputs,
                telling.elapsed(),
                lines.get(),
                values.get(),
                bytes.get(),
                stored.get(),
                read.get(),
                findings.damage(),
                findings.missing(),
                telling.warnings())));
    }

    private Mono<Void> whole(TextOut text, Out out, Flux<ByteBuf> all) {
        return written(text, out, all)
                .doOnNext(count -> {
                    outputs.add(out.toString());
                    stored.addAndGet(count);
                })
                .then();
    }

    private static Mono<Long> written(TextOut text, Out out, Flux<ByteBuf> all) {
        if (out instanceof Out.ToFile file) {
            return text.file(file.path(), all);
        }
        return out instanceof Out.ToReader here
                ? here.reader().apply(all)
                : text.channel(out.toString(), ((Out.ToChannel) out).channel(), all);
    }

    /** Files that can each be imported alone: all but the first begin with the statements and their context. */
    private Mono<Void> parts(TextOut text, Path path, String head, Flux<Piece> all, long size) {
        return Flux.defer(() -> {
                    long[] filled = {0};
                    long[] parts = {0};
                    return all.windowUntil(
                                    piece -> {
                                        boolean cut = piece.lines() > 0
                                                && filled[0] + piece.text().length() > size;
                                        filled[0] = (cut ? 0 : filled[0])
                                                + piece.text().length();
                                        return cut;
                                    },
                                    true,
                                    1)
                            .index()
                            .doOnNext(part -> parts[0] = part.getT1() + 1)
                            .concatMap(
                                    part -> whole(
                                            text,
                                            new Out.ToFile(numbered(path, part.getT1() + 1)),
                                            (part.getT1() == 0 ? part.getT2() : begun(part.getT2(), head))
                                                    .map(piece -> piece.text().toByteBuf())),
                                    1)
                            .then(Mono.<Void>fromRunnable(() -> warnOfOldPart(numbered(path, parts[0] + 1)))
                                    .subscribeOn(files));
                })
                .then();
    }

    /** An import of the directory would take it for a part of this export. */
    private void warnOfOldPart(Path next) {
        if (Files.exists(next)) {
            telling.warn(
                    "%s is there from an export of more parts".formatted(next),
                    "Remove it and those behind it before the directory is imported.");
        }
    }

    private Flux<Piece> begun(Flux<Piece> part, String head) {
        return part.switchOnFirst((first, pieces) -> {
            Piece piece = first.get();
            return piece == null
                    ? pieces
                    : words(piece.place(), head + context(piece.place())).concatWith(pieces);
        });
    }

    /** {@code a.lp.gz} becomes {@code a-001.lp.gz}. */
    static Path numbered(Path path, long number) {
        String name = String.valueOf(path.getFileName());
        int dot = name.indexOf('.', 1);
        String stem = dot < 0 ? name : name.substring(0, dot);
        return path.resolveSibling(
                String.format(Locale.ROOT, "%s-%03d%s", stem, number, dot < 0 ? "" : name.substring(dot)));
    }

    private void count(Piece piece) {
        lines.addAndGet(piece.lines());
        values.addAndGet(piece.values());
        bytes.addAndGet(piece.text().length());
    }
}
