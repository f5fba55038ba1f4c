package dev.sluice.engine.transfer;

import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.flow.Until;
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
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Exports shards as line protocol. One run.
 */
public final class LineExport {

    private final String source;
    private final ExportOptions options;
    private final SlabLine line;
    private final Scheduler files;
    private final Scheduler clock;

    private final Telling telling = new Telling();
    private final Findings findings;
    private final ShardText text;
    private final AtomicLong lines = new AtomicLong();
    private final AtomicLong values = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
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
        this.files = files;
        this.clock = clock;
        this.findings = new Findings(telling, options.strict());
        this.text = new ShardText(options, findings, new WalDamage(telling, findings), workers, parallelism, files);
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
                                .concatMap(shard -> section(shard, true), 0)))
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
        return write(out, "# DML\n", section(shard, true));
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
                work.doOnError(e -> tellWhatStays()),
                () -> new TransferEvent.Progress(telling.elapsed(), lines.get(), values.get(), bytes.get(), at),
                clock);
    }

    /** A file that is not whole goes; the parts before it are. */
    private void tellWhatStays() {
        if (options.split().isPresent() && !outputs.isEmpty()) {
            telling.warn(
                    "the parts that were finished stay, from %s to %s"
                            .formatted(outputs.get(0), outputs.get(outputs.size() - 1)),
                    "The same export again replaces them; else remove them before the directory is imported.");
        }
    }

    private String head(List<Place> places, Optional<Metastore> metastore, Mapping mapping) {
        return options.pointsOnly()
                ? ""
                : Ddl.heading(options.window(), ZoneId.systemDefault())
                        + "# DDL\n"
                        + Ddl.statements(places, metastore, mapping)
                        + "# DML\n";
    }

    private Flux<Piece> section(ShardFiles shard, boolean titled) {
        at = shard.place().database() + "/" + shard.place().policy();
        return text.of(shard, titled);
    }

    private Mono<ExportReport> write(Out out, String head, Flux<Piece> points) {
        Flux<Piece> all = text.words(new Place("", ""), head).concatWith(points).doOnNext(this::count);
        Mono<Void> written = options.split().isPresent() && out instanceof Out.ToFile file
                ? new Parts(file.path(), options.split().getAsLong(), telling, files)
                        .write(
                                all,
                                place -> text.words(place, head + ShardText.context(place)),
                                (path, part) -> whole(new Out.ToFile(path), part))
                : whole(out, all);
        return written.then(Mono.fromCallable(() -> new ExportReport(
                source,
                outputs,
                telling.elapsed(),
                lines.get(),
                values.get(),
                bytes.get(),
                stored.get(),
                text.filesRead(),
                findings.damage(),
                findings.missing(),
                telling.warnings())));
    }

    private Mono<Void> whole(Out out, Flux<Piece> all) {
        return written(out, all.map(piece -> piece.text().toByteBuf()))
                .doOnNext(count -> {
                    outputs.add(out.toString());
                    stored.addAndGet(count);
                })
                .then();
    }

    private Mono<Long> written(Out out, Flux<ByteBuf> all) {
        if (out instanceof Out.ToReader here) {
            return here.reader().apply(all);
        }
        var rest = new TextOut(line, files);
        return out instanceof Out.ToFile file
                ? rest.file(file.path(), all)
                : rest.channel(out.toString(), ((Out.ToChannel) out).channel(), all);
    }

    private void count(Piece piece) {
        lines.addAndGet(piece.lines());
        values.addAndGet(piece.values());
        bytes.addAndGet(piece.text().length());
    }
}
