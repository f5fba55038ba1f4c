package dev.sluice.engine;

import dev.sluice.engine.copy.Copy;
import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.serve.RunningServer;
import dev.sluice.engine.serve.SnapshotServer;
import dev.sluice.engine.source.LiveServer;
import dev.sluice.engine.source.LiveSource;
import dev.sluice.engine.source.PortableSource;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Restorable;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.StreamSource;
import dev.sluice.engine.stage.BlockCheck;
import dev.sluice.engine.stage.RateLimit;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.DirectoryStore;
import dev.sluice.engine.store.Pipes;
import dev.sluice.engine.target.LiveOptions;
import dev.sluice.engine.target.LiveTarget;
import dev.sluice.engine.target.Nowhere;
import dev.sluice.engine.target.PortableTarget;
import dev.sluice.engine.target.StreamTarget;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.transport.SnapshotTransport;
import io.netty.buffer.ByteBuf;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
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
 * for compression; threads for files, which may block.
 */
public final class SluiceEngine implements AutoCloseable {

    private static final Duration SAMPLING = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int FILE_THREADS = 32;
    private static final int QUEUED_FILE_TASKS = 100_000;
    private static final int LOOPS = 2;
    private static final int HTTP_CONNECTIONS = 4;

    private final long memory;
    private final int parallelism;
    private final LoopResources loops;
    private final Scheduler workers;
    private final Scheduler files;

    private SluiceEngine(Builder options) {
        this.memory = options.memory;
        this.parallelism = options.parallelism;
        this.loops = LoopResources.create("sluice-net", LOOPS, true);
        this.workers = Schedulers.newParallel("sluice-compress", parallelism, true);
        this.files = Schedulers.newBoundedElastic(FILE_THREADS, QUEUED_FILE_TASKS, "sluice-files", 60, true);
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
        return Flux.using(
                () -> line(request), line -> copy(request, line, stdout()).run(request.selection()), SlabLine::close);
    }

    /**
     * Backs up as a stream archive, for a response's body. Cold: each subscription is a backup of its own, which the
     * server is read for only as fast as the subscriber asks. The subscriber releases the buffers. A cancel ends every
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
                    .onErrorResume(broken ->
                            result.asMono().then(Mono.<ByteBuf>error(broken)).flux())
                    .concatWith(result.asMono().then(Mono.empty()))
                    .doOnSubscribe(subscribed -> run.update(Flux.using(
                                    () -> line(request),
                                    line -> copy(request, line, sink).run(request.selection()),
                                    SlabLine::close)
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
        return Flux.defer(() -> restoring(
                request,
                source(
                        request.from(),
                        new ReadOptions(request.chain(), request.skipErrors()),
                        request.allowIncomplete(),
                        request.timeouts(),
                        request.retries())));
    }

    /** The same for those who want only the report. */
    public Mono<CopyReport> restoreReport(RestoreRequest request) {
        return restore(request).ofType(Event.Finished.class).last().map(Event.Finished::report);
    }

    /**
     * Restores a stream archive, such as a request's body, to a live server; as {@link #restore(RestoreRequest)}.
     *
     * @param stream is subscribed to once, and asked for no more than the server takes
     */
    public Flux<Event> restore(RestoreRequest request, Flux<ByteBuf> stream) {
        return restoring(request, new StreamSource("the stream", stream, files, request.allowIncomplete()));
    }

    /**
     * Reads all that a source has, checks it down to every block, and keeps nothing. Cold; the last event is
     * {@link Event.Finished}, whose report tells what is damaged or missing. A shard that cannot be read does not keep
     * the others from being checked.
     */
    public Flux<Event> verify(VerifyRequest request) {
        return Flux.defer(() -> {
            Source source = source(
                    request.from(),
                    new ReadOptions(request.chain(), true),
                    request.allowIncomplete(),
                    request.timeouts(),
                    request.retries());
            var check = new BlockCheck(request.deep());
            var options = new CopyOptions(
                    Task.VERIFY,
                    List.of(check),
                    request.concurrency(),
                    request.retries(),
                    true,
                    Compression.NONE,
                    SAMPLING);
            return new Copy(source, new Nowhere(), options, Schedulers.parallel())
                    .run(request.selection())
                    .map(event -> event instanceof Event.Finished finished
                            ? new Event.Finished(finished.report()
                                    .with(Notice.note(
                                            "%d sound blocks with %d values in %d TSM files"
                                                    .formatted(check.blocks(), check.values(), check.files()),
                                            "")))
                            : event);
        });
    }

    private Flux<Event> restoring(RestoreRequest request, Source source) {
        return Flux.using(
                () -> http(request), http -> restore(request, source, http), http -> http.ifPresent(InfluxHttp::close));
    }

    private Optional<InfluxHttp> http(RestoreRequest request) {
        return request.http()
                .map(access -> InfluxHttp.to(
                        access.endpoint(), access.credentials(), request.timeouts(), loops, HTTP_CONNECTIONS));
    }

    private Flux<Event> restore(RestoreRequest request, Source source, Optional<InfluxHttp> http) {
        var server =
                new LiveServer(SnapshotTransport.to(request.server(), request.timeouts(), loops), request.retries());
        var target = new LiveTarget(
                server,
                new LiveOptions(
                        request.selection(),
                        request.mapping(),
                        request.verification(),
                        request.keepExpired(),
                        request.subscriptions(),
                        request.cleanup()),
                http,
                Clock.systemUTC());
        var options = new CopyOptions(
                Task.RESTORE,
                List.of(),
                request.concurrency(),
                request.retries(),
                request.skipErrors(),
                Compression.NONE,
                SAMPLING);
        return new Copy(new Restorable(source), target, options, Schedulers.parallel()).run(request.selection());
    }

    private Source source(End end, ReadOptions options, boolean allowIncomplete, Timeouts timeouts, int retries) {
        if (end instanceof End.Live live) {
            return live(live.address(), timeouts, retries);
        }
        if (end instanceof End.Stream) {
            Flux<ByteBuf> stdin = Pipes.read("stdin", () -> new FileInputStream(FileDescriptor.in).getChannel());
            return new StreamSource("stdin", stdin, files, allowIncomplete);
        }
        if (end instanceof End.Portable portable) {
            return portable(portable.directory(), options);
        }
        if (end instanceof End.Directory directory) {
            return portable(directory.directory(), options);
        }
        throw new InvalidRequest("%s cannot be read from".formatted(end), "Name a portable directory, or a stream.");
    }

    private Source portable(Path directory, ReadOptions options) {
        return new PortableSource(DirectoryStore.existing(directory, files), directory.toString(), options);
    }

    private Source live(ServerAddress address, Timeouts timeouts, int retries) {
        return new LiveSource(
                new LiveServer(SnapshotTransport.to(address, timeouts, loops), retries), Clock.systemUTC());
    }

    private Function<Flux<ByteBuf>, Mono<?>> stdout() {
        return bytes ->
                Pipes.write("stdout", () -> new FileOutputStream(FileDescriptor.out).getChannel(), bytes, files);
    }

    /** Answers the snapshot RPC over a stopped server's directories; cold. */
    public Mono<RunningServer> serve(ServeRequest request) {
        return SnapshotServer.bind(request.bind(), request.dataDir(), request.metaDir());
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
     * Frees the engine's threads; cancel copies that still run before. What they have begun to clean up is brought to
     * its end, so that no pending file is left behind.
     */
    @Override
    public void close() {
        files.disposeGracefully().onErrorComplete().block(PATIENCE);
        workers.dispose();
        loops.disposeLater(Duration.ZERO, PATIENCE).block(PATIENCE);
    }

    private SlabLine line(BackupRequest request) {
        Optional<RateLimit> limit = request.rateLimit().isPresent()
                ? Optional.of(new RateLimit(request.rateLimit().getAsLong(), Schedulers.parallel()))
                : Optional.empty();
        return SlabLine.open(request.compression(), memory, limit, workers, parallelism);
    }

    private Copy copy(BackupRequest request, SlabLine line, Function<Flux<ByteBuf>, Mono<?>> stream) {
        var options = new CopyOptions(
                Task.BACKUP,
                request.checkBlocks() ? List.of(new BlockCheck(false)) : List.of(),
                request.concurrency(),
                request.retries(),
                request.skipErrors(),
                request.compression(),
                SAMPLING);
        Source source = live(request.server(), request.timeouts(), request.retries());
        return new Copy(source, target(request, line, stream), options, Schedulers.parallel());
    }

    private Target target(BackupRequest request, SlabLine line, Function<Flux<ByteBuf>, Mono<?>> stream) {
        if (request.to() instanceof End.Stream) {
            return new StreamTarget("stdout", stream, line, request.digest(), request.selection(), Clock.systemUTC());
        }
        if (request.to() instanceof End.Portable portable) {
            Path directory = portable.directory();
            return new PortableTarget(
                    DirectoryStore.create(directory, files),
                    directory.toString(),
                    line,
                    request.digest(),
                    request.selection(),
                    Clock.systemUTC());
        }
        throw new InvalidRequest(
                "a backup cannot be written to %s".formatted(request.to()), "Name a directory, or - for a stream.");
    }
}
