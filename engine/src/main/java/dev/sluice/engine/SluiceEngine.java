package dev.sluice.engine;

import dev.sluice.engine.copy.Copy;
import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.flow.Crossing;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.serve.RunningServer;
import dev.sluice.engine.serve.SnapshotServer;
import dev.sluice.engine.source.LiveServer;
import dev.sluice.engine.source.MetadataOnly;
import dev.sluice.engine.source.OfVersion;
import dev.sluice.engine.source.PortableRun;
import dev.sluice.engine.source.PortableSource;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Restorable;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.source.StreamFile;
import dev.sluice.engine.source.StreamSource;
import dev.sluice.engine.stage.ApplyTombstones;
import dev.sluice.engine.stage.BlockCheck;
import dev.sluice.engine.stage.FieldLedger;
import dev.sluice.engine.stage.Indexable;
import dev.sluice.engine.stage.RateLimit;
import dev.sluice.engine.stage.ShardStage;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.target.DataOptions;
import dev.sluice.engine.target.FanOut;
import dev.sluice.engine.target.LiveOptions;
import dev.sluice.engine.target.LiveTarget;
import dev.sluice.engine.target.Nowhere;
import dev.sluice.engine.target.PointWriter;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.transfer.Input;
import dev.sluice.engine.transfer.LineCopy;
import dev.sluice.engine.transfer.LineExport;
import dev.sluice.engine.transfer.LineImport;
import dev.sluice.engine.transfer.ShardPoints;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.tsm.CheckDepth;
import io.netty.buffer.ByteBuf;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;

/**
 * The engine. One instance serves any number of copies; {@link #close()} frees its threads.
 *
 * <p>Its threads are daemons of three kinds: event loops for the network, where nothing blocks; one worker a processor
 * for compression, decoding and checks; threads for files, which may block. Events come on one of these, or on one of
 * Reactor's parallel threads, one after the other; whoever takes them must not block there.
 */
public final class SluiceEngine implements AutoCloseable {

    private static final Duration SAMPLING = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int FILE_THREADS = 32;
    private static final int QUEUED_FILE_TASKS = 100_000;
    private static final int LOOPS = 2;
    private static final int HTTP_CONNECTIONS = 4;

    private static final Notice METADATA_ONLY = Notice.warning(
            "only the metastore is saved and no points: that is what a legacy backup without -db is",
            "Give -db NAME for a database with its points, or -portable for everything.");

    private final long memory;
    private final int parallelism;
    private final LoopResources loops;
    private final Scheduler workers;
    private final Scheduler files;
    private final Ends ends;
    private final Sinks.Empty<Event> closing = Sinks.empty();
    private final Set<Sinks.Empty<Void>> running = ConcurrentHashMap.newKeySet();

    private SluiceEngine(Builder options) {
        this.memory = options.memory;
        this.parallelism = options.parallelism;
        this.loops = LoopResources.create("sluice-net", LOOPS, true);
        this.workers = Schedulers.newParallel(parallelism, new Threads("sluice-compress", false, this::broken));
        this.files = Schedulers.newBoundedElastic(
                FILE_THREADS, QUEUED_FILE_TASKS, new Threads("sluice-files", true, this::broken), 60);
        this.ends = new Ends(loops, workers, files);
    }

    /** An engine with every default. */
    public static SluiceEngine create() {
        return builder().build();
    }

    /** Starts with every option at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the options; each setter tells its default. */
    public static final class Builder {
        private long memory = 32L << 20;
        private int parallelism = Runtime.getRuntime().availableProcessors();

        private Builder() {}

        /** Budget of bytes in flight for each copy, whatever the number of shards. Default: 32 MiB. */
        public Builder memory(long bytes) {
            if (bytes < 1) {
                throw new IllegalArgumentException("memory must be positive, was " + bytes);
            }
            this.memory = bytes;
            return this;
        }

        /** Threads that compress. Default: one a processor. */
        public Builder parallelism(int threads) {
            if (threads < 1) {
                throw new IllegalArgumentException("parallelism must be at least 1, was " + threads);
            }
            this.parallelism = threads;
            return this;
        }

        public SluiceEngine build() {
            return new SluiceEngine(this);
        }
    }

    /**
     * Backs up. Cold: each subscription is a backup of its own. The last event is {@link Event.Finished};
     * errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel ends every conversation with the
     * server and removes what is half written.
     */
    public Flux<Event> backup(BackupRequest request) {
        return backup(request, writing -> ends.target(request.to(), writing));
    }

    private Flux<Event> backup(BackupRequest request, Function<Ends.Writing, Target> target) {
        var options = new CopyOptions(
                Task.BACKUP,
                check(request.checkBlocks()),
                request.pace().concurrency(),
                request.pace().retries(),
                request.skipErrors(),
                request.compression(),
                SAMPLING);
        var live = new End.Live(request.server(), request.protocol());
        return ends.source(
                        live,
                        ReadOptions.STRICT,
                        request.pace().timeouts(),
                        request.pace().retries())
                .map(source -> request.http()
                        .<Source>map(access -> new OfVersion(
                                source, version(access, request.pace().timeouts())))
                        .orElse(source))
                .map(source -> savesMetadataOnly(request) ? new MetadataOnly(source, METADATA_ONLY) : source)
                .flatMapMany(source -> Flux.using(
                        () -> line(request.compression(), request.rateLimit()),
                        line -> run(
                                source,
                                target.apply(new Ends.Writing(line, request.digest(), request.selection())),
                                options,
                                request.selection()),
                        SlabLine::close));
    }

    private Mono<Optional<ServerVersion>> version(HttpAccess access, Timeouts timeouts) {
        return Mono.using(
                () -> InfluxHttp.to(access.endpoint(), access.credentials(), timeouts, loops, 1),
                http -> http.ping().map(ServerVersion::parse),
                InfluxHttp::close);
    }

    /**
     * Backs up as a stream archive, for a response's body. Cold: each subscription is a backup of its own, for which the
     * server is read only as fast as the subscriber asks. The subscriber releases the buffers. A cancel ends every
     * conversation with the server; an error means that what came before is not complete, which its reader will see as
     * well.
     *
     * @param request for a stream
     */
    public Flux<ByteBuf> stream(BackupRequest request) {
        return Flux.defer(() -> {
            var bytes = Sinks.<Flux<ByteBuf>>one();
            var taken = Sinks.<Void>empty();
            var result = Sinks.<Void>empty();
            Function<Flux<ByteBuf>, Mono<?>> sink = out -> {
                bytes.tryEmitValue(out.doOnComplete(taken::tryEmitEmpty));
                return taken.asMono();
            };
            var run = Disposables.swap();
            return bytes.asMono()
                    .flatMapMany(out -> out)
                    .onErrorResume(broken -> result.asMono().then(Mono.error(broken)))
                    .concatWith(result.asMono().then(Mono.empty()))
                    .doOnSubscribe(subscribed ->
                            run.update(backup(request, writing -> ends.stream("the stream", writing, sink))
                                    .subscribe(
                                            event -> {},
                                            error -> {
                                                result.tryEmitError(error);
                                                bytes.tryEmitError(error);
                                            },
                                            result::tryEmitEmpty)))
                    .doOnCancel(run::dispose);
        });
    }

    private List<ShardStage> check(boolean blocks) {
        return blocks ? List.of(onWorkers(), new BlockCheck(CheckDepth.PASSING)) : List.of();
    }

    /** What every shard passes on its way to a server. */
    private List<ShardStage> arriving(boolean blocks) {
        return List.of(onWorkers(), new Indexable(blocks));
    }

    /** Takes a shard off the thread that brings it: the stages behind this one burn processor time. */
    private ShardStage onWorkers() {
        return (shard, parts, tell) -> parts.transform(Crossing.to(workers, ShardPart::release));
    }

    private static boolean savesMetadataOnly(BackupRequest request) {
        return request.to() instanceof End.Legacy
                && request.selection().database().isEmpty()
                && request.selection().shard().isEmpty();
    }

    /** The same for those who want only the report. */
    public Mono<CopyReport> backupReport(BackupRequest request) {
        return backup(request).ofType(Event.Finished.class).last().map(Event.Finished::report);
    }

    /**
     * Restores to a live server. Cold: each subscription is a restore of its own. The last event is
     * {@link Event.Finished}; errors are {@link dev.sluice.engine.error.SluiceException}s, and what the server is left
     * with is told by {@link Event.Told}s before them. A cancel ends every upload with a reset, so that the server
     * installs no half shard.
     */
    public Flux<Event> restore(RestoreRequest request) {
        var reading =
                new ReadOptions(request.chain(), request.skipErrors(), request.allowIncomplete(), request.scratch());
        return restore(
                request,
                ends.source(
                        request.from(),
                        reading,
                        request.pace().timeouts(),
                        request.pace().retries()));
    }

    /**
     * Restores a stream archive, such as a request's body, to a live server; as {@link #restore(RestoreRequest)}.
     *
     * @param stream is subscribed to once, and asked for no more than the server takes
     */
    public Flux<Event> restore(RestoreRequest request, Flux<ByteBuf> stream) {
        return restore(request, Mono.just(new StreamSource("the stream", stream, workers, request.allowIncomplete())));
    }

    private Flux<Event> restore(RestoreRequest request, Mono<? extends Source> source) {
        return Flux.using(
                () -> request.http().stream()
                        .map(access -> InfluxHttp.to(
                                access.endpoint(),
                                access.credentials(),
                                request.pace().timeouts(),
                                loops,
                                HTTP_CONNECTIONS))
                        .toList(),
                http -> restore(request, source, http),
                http -> http.forEach(InfluxHttp::close));
    }

    /** The same for those who want only the report. */
    public Mono<CopyReport> restoreReport(RestoreRequest request) {
        return restore(request).ofType(Event.Finished.class).last().map(Event.Finished::report);
    }

    private Flux<Event> restore(RestoreRequest request, Mono<? extends Source> from, List<InfluxHttp> http) {
        // Slabs are taken when a file is written, which points over HTTP are not.
        return Flux.using(
                () -> line(Compression.NONE, OptionalLong.empty()),
                line -> restore(request, from, http, line),
                SlabLine::close);
    }

    private Flux<Event> restore(
            RestoreRequest request, Mono<? extends Source> from, List<InfluxHttp> http, SlabLine line) {
        var ledger = new FieldLedger();
        List<Target> targets = new ArrayList<>();
        for (ServerAddress address : request.servers()) {
            Optional<InfluxHttp> api = http.isEmpty() ? Optional.empty() : Optional.of(http.get(targets.size()));
            targets.add(liveTarget(request, address, api, api.flatMap(to -> points(request, to, line)), ledger));
        }
        Target target = targets.size() == 1
                ? targets.get(0)
                : new FanOut(targets, request.pace().retries());
        // What came is looked at, before anything is taken out of it; what is written anew here is whole.
        List<ShardStage> stages = List.of(
                onWorkers(),
                new Indexable(request.checkBlocks(), request.intoExisting().map(winner -> ledger)),
                new ApplyTombstones(request.scratch(), files));
        var options = new CopyOptions(
                Task.RESTORE,
                stages,
                request.pace().concurrency(),
                request.pace().retries(),
                request.skipErrors(),
                Compression.NONE,
                SAMPLING);
        return from.flatMapMany(source -> run(new Restorable(source), target, options, request.selection()));
    }

    /** Only where the backup wins: a write replaces what is there. */
    private Optional<PointWriter> points(RestoreRequest request, InfluxHttp http, SlabLine line) {
        return request.intoExisting()
                .filter(Conflict.BACKUP::equals)
                .map(winner -> new ShardPoints(
                        http,
                        ImportRequest.ofStandardInput(http.endpoint())
                                .concurrency(Math.min(
                                        HTTP_CONNECTIONS, request.pace().concurrency()))
                                .retries(request.pace().retries())
                                .build()
                                .options(),
                        request.scratch(),
                        line,
                        workers,
                        parallelism,
                        files,
                        Schedulers.parallel()));
    }

    private LiveTarget liveTarget(
            RestoreRequest request,
            ServerAddress address,
            Optional<InfluxHttp> http,
            Optional<PointWriter> points,
            FieldLedger ledger) {
        return new LiveTarget(
                new LiveServer(
                        SnapshotTransport.to(address, request.pace().timeouts(), loops),
                        request.pace().retries()),
                new LiveOptions(
                        request.selection(),
                        request.mapping(),
                        request.verification(),
                        request.keepExpired(),
                        request.subscriptions(),
                        request.intoExisting(),
                        request.cleanup()),
                http,
                points,
                ledger,
                Clock.systemUTC(),
                workers);
    }

    /**
     * Copies from any end to any other. Cold: each subscription is a copy of its own. The last event is
     * {@link Event.Finished}; errors are {@link dev.sluice.engine.error.SluiceException}s. A copy to a live server is a
     * {@link #restore}, and as careful.
     */
    public Flux<Event> copy(CopyRequest request) {
        return ends.settled(request.to()).flatMapMany(to -> {
            if (to instanceof End.Http) {
                return Flux.error(new InvalidRequest(
                        "%s takes points, not shards".formatted(to), "SluiceEngine.copyLines writes points."));
            }
            if (to instanceof End.Live live) {
                return restore(asRestore(request, live));
            }
            return to instanceof End.Data data ? toDirectories(request, data) : toFiles(request, to);
        });
    }

    private Flux<Event> toDirectories(CopyRequest request, End.Data to) {
        var names = new LiveOptions(
                request.selection(),
                request.mapping(),
                Verification.OFF,
                request.keepExpired(),
                request.subscriptions(),
                Optional.empty(),
                false);
        var target = ends.target(to, new DataOptions(names, request.force(), request.replaceMetastore()));
        var options = copying(request, arriving(request.checkBlocks()), Compression.NONE);
        return source(request).flatMapMany(source -> run(new Restorable(source), target, options, request.selection()));
    }

    private Mono<Source> source(CopyRequest request) {
        var reading =
                new ReadOptions(request.chain(), request.skipErrors(), request.allowIncomplete(), request.scratch());
        return ends.source(
                request.from(),
                reading,
                request.pace().timeouts(),
                request.pace().retries());
    }

    private static CopyOptions copying(CopyRequest request, List<ShardStage> stages, Compression compression) {
        return new CopyOptions(
                request.task(),
                stages,
                request.pace().concurrency(),
                request.pace().retries(),
                request.skipErrors(),
                compression,
                SAMPLING);
    }

    private static RestoreRequest asRestore(CopyRequest request, End.Live to) {
        return RestoreRequest.of(request.from(), to.address())
                .selection(request.selection())
                .mapping(request.mapping())
                .chain(request.chain())
                .skipErrors(request.skipErrors())
                .allowIncomplete(request.allowIncomplete())
                .checkBlocks(request.checkBlocks())
                .pace(request.pace())
                .keepExpired(request.keepExpired())
                .subscriptions(request.subscriptions())
                .scratch(request.scratch())
                .build();
    }

    private Flux<Event> toFiles(CopyRequest request, End to) {
        if (!request.mapping().equals(Mapping.NONE)) {
            return Flux.error(new InvalidRequest(
                    "a backup keeps the names of what is in it",
                    "Give new names when it is restored: -newdb and -newrp are for servers."));
        }
        var options = copying(request, check(request.checkBlocks()), Ends.compressionFor(to, request.compression()));
        return source(request)
                .flatMapMany(source -> Flux.using(
                        () -> line(options.compression(), request.rateLimit()),
                        line -> run(
                                source,
                                ends.target(to, new Ends.Writing(line, request.digest(), request.selection())),
                                options,
                                request.selection()),
                        SlabLine::close));
    }

    /**
     * Imports line protocol. Cold: each subscription is an import of its own. The last event is
     * {@link TransferEvent.Imported}; errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel ends every
     * request.
     */
    public Flux<TransferEvent> importLines(ImportRequest request) {
        return unlessBroken(Flux.using(
                () -> InfluxHttp.to(
                        request.endpoint(),
                        request.credentials(),
                        request.timeouts(),
                        loops,
                        request.options().concurrency()),
                http -> Mono.fromCallable(() -> lineImport(request, http))
                        .subscribeOn(files)
                        .flatMapMany(LineImport::run),
                InfluxHttp::close));
    }

    /**
     * Reads all that a source has, checks it down to every block, and keeps nothing. Cold; the last event is
     * {@link Event.Finished}, whose report tells what is damaged or missing. A shard that cannot be read does not keep
     * the others from being checked.
     */
    public Flux<Event> verify(VerifyRequest request) {
        return Flux.defer(() -> {
            var check = new BlockCheck(request.deep() ? CheckDepth.VALUES : CheckDepth.BLOCKS);
            var options = new CopyOptions(
                    Task.VERIFY,
                    List.of(onWorkers(), check),
                    request.pace().concurrency(),
                    request.pace().retries(),
                    true,
                    Compression.NONE,
                    SAMPLING);
            var reading = new ReadOptions(
                    request.chain(),
                    true,
                    request.allowIncomplete(),
                    request.selection().equals(Selection.EVERYTHING),
                    ReadOptions.SCRATCH);
            return ends.source(
                            request.from(),
                            reading,
                            request.pace().timeouts(),
                            request.pace().retries())
                    .flatMapMany(source -> run(source, new Nowhere(), options, request.selection()))
                    .concatMap(event ->
                            event instanceof Event.Finished last ? withTotals(last.report(), check) : Flux.just(event));
        });
    }

    /**
     * What there is in a backup, a stream or on a server; cold. Directories are known by their manifests and names, a
     * server by its answers, a stream that was kept as a file by its start and its end; any other stream has to be read.
     */
    public Mono<Listing> list(End from, Selection selection) {
        var reading = new ReadOptions(false, true, true);
        return whileOpen(ends.source(from, reading, Timeouts.DEFAULT, Pace.DEFAULT_RETRIES)
                .flatMap(source -> source instanceof StreamSource
                        ? listStream(source, selection)
                        : Mono.usingWhen(
                                source.open(selection),
                                session -> source instanceof StreamFile
                                        ? Listings.offered(source.describe(), session)
                                        : runs(source)
                                                .map(runs -> Listings.of(source.describe(), session.catalog(), runs)),
                                SourceSession::close)));
    }

    /**
     * What the shards of a backup, a stream or a server hold; cold. Directories of a stopped server are looked at where
     * they are; other shards pass through a scratch directory, one at a time, which is gone however it ends. A shard
     * that is damaged does not keep the others from being looked at.
     */
    public Mono<Inspection> inspect(InspectRequest request) {
        var reading = new ReadOptions(false, true, false, request.scratch());
        Mono<Inspection> inspection = ends.source(request.from(), reading, request.timeouts(), request.retries())
                .flatMap(source -> Inspections.of(source, request, files));
        return whileOpen(inspection);
    }

    private static Mono<List<PortableRun>> runs(Source source) {
        return source instanceof PortableSource portable ? portable.runs() : Mono.just(List.of());
    }

    private Mono<Listing> listStream(Source source, Selection selection) {
        var options = new CopyOptions(Task.VERIFY, List.of(), 1, 0, true, Compression.NONE, SAMPLING);
        var catalog = new AtomicReference<@Nullable Catalog>();
        return run(source, new Nowhere(catalog::set), options, selection)
                .ofType(Event.Finished.class)
                .last()
                .map(last -> Listings.of(Objects.requireNonNull(catalog.get()), last.report()));
    }

    private static Flux<Event> withTotals(CopyReport report, BlockCheck check) {
        var totals = Notice.note(
                "%d blocks with %d values are sound, in %d TSM files"
                        .formatted(check.blocks(), check.values(), check.files()),
                "");
        return Flux.just(new Event.Told(totals), new Event.Finished(report.with(totals)));
    }

    /**
     * Exports line protocol. Cold: each subscription is an export of its own. The last event is
     * {@link TransferEvent.Exported}; errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel leaves no
     * half file under its final name.
     */
    public Flux<TransferEvent> export(ExportRequest request) {
        LineExport.Out out = request.out()
                .<LineExport.Out>map(LineExport.Out.ToFile::new)
                .orElseGet(() -> new LineExport.Out.ToChannel(
                        "standard output", new FileOutputStream(FileDescriptor.out).getChannel()));
        return unlessBroken(Flux.using(
                () -> line(request.compression(), OptionalLong.empty()),
                line -> {
                    var export = new LineExport(
                            request.from().toString(),
                            request.options(),
                            line,
                            workers,
                            parallelism,
                            files,
                            Schedulers.parallel());
                    return request.from() instanceof End.Data data
                            ? export.directories(data.data(), data.walDir(), data.meta(), out)
                            : ends.source(request.from(), ReadOptions.STRICT, request.timeouts(), request.retries())
                                    .flatMapMany(source -> export.source(source, request.scratch(), out));
                },
                SlabLine::close));
    }

    /**
     * Writes the points of any source into a server over HTTP, through no file. Of several values for one point the
     * source's wins, whatever the server has. Cold: each subscription is a copy of its own. The last event is
     * {@link TransferEvent.Copied}; errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel ends every
     * request; what was written stays.
     */
    public Flux<TransferEvent> copyLines(LineCopyRequest request) {
        var reading =
                new ReadOptions(request.chain(), request.skipErrors(), request.allowIncomplete(), request.scratch());
        return unlessBroken(ends.source(
                        request.from(),
                        reading,
                        request.pace().timeouts(),
                        request.pace().retries())
                .flatMapMany(source -> Flux.using(
                        () -> InfluxHttp.to(
                                request.to().endpoint(),
                                request.to().credentials(),
                                ImportRequest.DEFAULT_TIMEOUTS,
                                loops,
                                request.pace().concurrency()),
                        http -> copyLines(request, source, http),
                        InfluxHttp::close)));
    }

    private Flux<TransferEvent> copyLines(LineCopyRequest request, Source source, InfluxHttp http) {
        return Flux.using(
                () -> line(Compression.NONE, OptionalLong.empty()),
                line -> {
                    var export = new LineExport(
                            source.describe(),
                            request.reading(),
                            line,
                            workers,
                            parallelism,
                            files,
                            Schedulers.parallel());
                    return new LineCopy(export, http, request.writing(), workers, files, Schedulers.parallel())
                            .run(new Restorable(source), request.selection(), request.mapping(), request.scratch());
                },
                SlabLine::close);
    }

    /**
     * Answers the snapshot RPC over a stopped server's directories. Cold: each subscription opens a port, and gives the
     * server when it listens. It uses none of this engine's threads and runs until {@link RunningServer#stop()}: a later
     * cancel, or {@link #close()}, does not end it.
     */
    public Mono<RunningServer> serve(ServeRequest request) {
        return request.writable()
                ? SnapshotServer.bindWritable(request.bind(), request.dataDir(), request.metaDir())
                : SnapshotServer.bind(request.bind(), request.dataDir(), request.metaDir());
    }

    /**
     * Fills a directory with made-up machine metrics, as a stopped server would leave them; cold.
     *
     * @param seed the same seed gives the same data
     * @param approximateBytes of shard files, added up
     */
    public Mono<SampleData> sampleData(Path directory, long seed, long approximateBytes) {
        return dev.sluice.engine.serve.SampleData.write(directory, seed, approximateBytes)
                .map(made -> new SampleData(made.dataDir(), made.metaDir(), made.shards(), made.points()));
    }

    /**
     * Ends the copies that still run, with {@link EngineClosed}. Unlike a cancel, each tells by {@link Event.Told}s first
     * what it leaves behind and how to clean up. Returns at once; no other copy begins. For whoever is told to end, and
     * wants the account that a failure gets.
     */
    public void interrupt() {
        closing.tryEmitError(new EngineClosed());
    }

    /**
     * {@linkplain #interrupt() Ends} the copies that still run and frees the engine's threads. What is cleaned up then is
     * brought to its end, so that no pending file is left behind. Blocks for some seconds at most; safe to call twice.
     */
    @Override
    public synchronized void close() {
        interrupt();
        // A copy may be ended by the thread that brings its events; until then it has not begun to clean up.
        Mono.when(running.stream().map(Sinks.Empty::asMono).toList())
                .timeout(PATIENCE)
                .onErrorComplete()
                .block();
        files.disposeGracefully().onErrorComplete().block(PATIENCE);
        workers.dispose();
        loops.disposeLater(Duration.ZERO, PATIENCE).block(PATIENCE);
    }

    private LineImport lineImport(ImportRequest request, InfluxHttp http) {
        Optional<Path> path = request.path();
        if (path.isPresent() && Files.isDirectory(path.get())) {
            return LineImport.ofDirectory(path.get(), http, request.options(), workers, files, Schedulers.parallel());
        }
        Input input = path.map(Input::of).orElseGet(() -> Input.of("standard input", Channels.newChannel(System.in)));
        return LineImport.of(input, http, request.options(), workers, files, Schedulers.parallel());
    }

    private SlabLine line(Compression compression, OptionalLong rateLimit) {
        Optional<RateLimit> limit = rateLimit.isPresent()
                ? Optional.of(new RateLimit(rateLimit.getAsLong(), Schedulers.parallel()))
                : Optional.empty();
        return SlabLine.open(compression, memory, limit, workers, parallelism);
    }

    private <T> Mono<T> whileOpen(Mono<T> work) {
        // The end of the engine first: work may fail before the second one is even subscribed to.
        return Mono.firstWithSignal(closing.asMono().then(Mono.never()), work)
                .doOnError(EngineBroken.class, closing::tryEmitError);
    }

    /** For work that does not end when the engine is told to close, but cannot go on without its threads. */
    private <T> Flux<T> unlessBroken(Flux<T> work) {
        Mono<T> broken = closing.asMono()
                .then(Mono.<T>never())
                .onErrorResume(e -> e instanceof EngineBroken ? Mono.error(e) : Mono.never());
        return work.takeUntilOther(broken.onErrorComplete())
                .concatWith(Mono.firstWithSignal(broken, Mono.empty()))
                .doOnError(EngineBroken.class, closing::tryEmitError);
    }

    private void broken(Throwable cause) {
        closing.tryEmitError(new EngineBroken(cause));
    }

    private Flux<Event> run(Source source, Target target, CopyOptions options, Selection selection) {
        var copy = new Copy(source, target, options, Schedulers.parallel());
        return Flux.using(this::begin, over -> copy.run(selection, closing.asMono()), this::end)
                .doOnError(EngineBroken.class, closing::tryEmitError); // an operator may have passed it on by itself
    }

    private Sinks.Empty<Void> begin() {
        Sinks.Empty<Void> over = Sinks.empty();
        running.add(over);
        return over;
    }

    private void end(Sinks.Empty<Void> over) {
        running.remove(over);
        over.tryEmitEmpty();
    }
}
