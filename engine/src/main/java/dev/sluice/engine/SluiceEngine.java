package dev.sluice.engine;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.flow.Callers;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.serve.RunningServer;
import dev.sluice.engine.serve.SnapshotServer;
import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * The engine. One instance serves any number of copies; {@link #close()} frees its threads.
 *
 * <p>Its threads are daemons of three kinds: event loops for the network, where nothing blocks; one worker a processor
 * for compression, decoding and checks; threads for files, which may block. Events come on one of these, or on one of
 * Reactor's parallel threads, one after the other; whoever takes them must not block there.
 *
 * <p>An engine that met an error of the JVM, such as the end of the memory, ends all that runs with
 * {@link dev.sluice.engine.error.EngineBroken} and begins nothing more: close it, and make another.
 */
public final class SluiceEngine implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Runs runs = new Runs();
    private final Resources resources;
    private final Copies copies;
    private final Restores restores;
    private final Examinations examinations;
    private final Transfers transfers;

    private SluiceEngine(Builder options) {
        this.resources = new Resources(options.memory, options.parallelism, runs::broken);
        var ends = new Ends(resources, runs);
        this.restores = new Restores(resources, ends, runs);
        this.copies = new Copies(resources, ends, runs, restores);
        this.examinations = new Examinations(resources, ends, runs);
        this.transfers = new Transfers(resources, ends, runs);
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

        /** The engine. Its threads start when they are needed. */
        public SluiceEngine build() {
            return new SluiceEngine(this);
        }
    }

    /**
     * Backs up into a directory, or to standard output if the request is for a stream; {@link #stream} gives that to the
     * caller. Cold: each subscription is a backup of its own. The last event is {@link Event.Finished};
     * errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel ends every conversation with the
     * server and removes what is half written.
     */
    public Flux<Event> backup(BackupRequest request) {
        return Callers.apart(copies.backup(request));
    }

    /** The same for those who want only the report. */
    public Mono<CopyReport> backupReport(BackupRequest request) {
        return report(backup(request));
    }

    /**
     * Backs up as a stream archive, for a response's body. Cold: each subscription is a backup of its own, for which the
     * server is read only as fast as the subscriber asks. The subscriber releases the buffers. A cancel ends every
     * conversation with the server; an error means that what came before is not complete, which its reader will see as
     * well.
     *
     * @param request by {@link BackupRequest#stream}
     */
    public Flux<ByteBuf> stream(BackupRequest request) {
        return stream(request, event -> {});
    }

    /**
     * The same for those who want to know what is told meanwhile, and what the report says: a stream that ends well may lack
     * a shard that the server does not have any more, or hold what is damaged there.
     *
     * @param told gets the events, one after the other, on the threads that bring them to others; {@link Event.Finished}
     *     comes before the stream ends. What it throws ends the backup, and is passed on
     */
    public Flux<ByteBuf> stream(BackupRequest request, Consumer<? super Event> told) {
        return Callers.apart(copies.stream(request, told));
    }

    /**
     * Restores to a live server. Cold: each subscription is a restore of its own. The last event is
     * {@link Event.Finished}; errors are {@link dev.sluice.engine.error.SluiceException}s, and what the server is left
     * with is told by {@link Event.Told}s before them. A cancel ends every upload with a reset, so that the server
     * installs no half shard.
     */
    public Flux<Event> restore(RestoreRequest request) {
        return Callers.apart(restores.restore(request));
    }

    /**
     * Restores a stream archive, such as a request's body, to a live server; as {@link #restore(RestoreRequest)}.
     *
     * @param request from {@link End.Stream}
     * @param stream is subscribed to once for each subscription, with its context, and asked for no more than the server
     *     takes; its buffers are released here, and its error is passed on as it is
     */
    public Flux<Event> restore(RestoreRequest request, Flux<ByteBuf> stream) {
        return Callers.apart(restores.restore(request, stream));
    }

    /** The same for those who want only the report. */
    public Mono<CopyReport> restoreReport(RestoreRequest request) {
        return report(restore(request));
    }

    /**
     * Copies from any end to any other. Cold: each subscription is a copy of its own. The last event is
     * {@link Event.Finished}; errors are {@link dev.sluice.engine.error.SluiceException}s. A copy to a live server is a
     * {@link #restore}, and as careful.
     */
    public Flux<Event> copy(CopyRequest request) {
        return Callers.apart(copies.copy(request));
    }

    /**
     * Reads all that a source has, checks it down to every block, and keeps nothing. Cold; the last event is
     * {@link Event.Finished}, whose report tells what is damaged or missing. A shard that cannot be read does not keep
     * the others from being checked.
     */
    public Flux<Event> verify(VerifyRequest request) {
        return Callers.apart(examinations.verify(request));
    }

    /**
     * What there is in a backup, a stream or on a server; cold. Directories are known by their manifests and names, a
     * server by its answers, a stream that was kept as a file by its start and its end; any other stream has to be read.
     * Errors are {@link dev.sluice.engine.error.SluiceException}s.
     */
    public Mono<Listing> list(End from, Selection selection) {
        return Callers.apart(examinations.list(from, selection));
    }

    /**
     * What the shards of a backup, a stream or a server hold; cold. Directories of a stopped server are looked at where
     * they are; other shards pass through a scratch directory, one at a time, which is gone however it ends. A shard
     * that is damaged does not keep the others from being looked at. Errors are
     * {@link dev.sluice.engine.error.SluiceException}s.
     */
    public Mono<Inspection> inspect(InspectRequest request) {
        return Callers.apart(examinations.inspect(request));
    }

    /**
     * Exports line protocol. Cold: each subscription is an export of its own. The last event is
     * {@link TransferEvent.Exported}; errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel leaves no
     * half file under its final name.
     */
    public Flux<TransferEvent> export(ExportRequest request) {
        return Callers.apart(transfers.export(request));
    }

    /**
     * Imports line protocol. Cold: each subscription is an import of its own. The last event is
     * {@link TransferEvent.Imported}; errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel ends every
     * request.
     */
    public Flux<TransferEvent> importLines(ImportRequest request) {
        return Callers.apart(transfers.importLines(request));
    }

    /**
     * Writes the points of any source into a server over HTTP, through no file. Of several values for one point the
     * source's wins, whatever the server has. Cold: each subscription is a copy of its own. The last event is
     * {@link TransferEvent.Copied}; errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel ends every
     * request; what was written stays.
     */
    public Flux<TransferEvent> copyLines(LineCopyRequest request) {
        return Callers.apart(transfers.copyLines(request));
    }

    /**
     * Answers the snapshot RPC over a stopped server's directories. Cold: each subscription opens a port, and gives the
     * server when it listens. It uses none of this engine's threads and runs until {@link RunningServer#stop()}: a later
     * cancel, or {@link #close()}, does not end it. Errors are {@link dev.sluice.engine.error.SluiceException}s.
     */
    public Mono<RunningServer> serve(ServeRequest request) {
        return request.writable()
                ? SnapshotServer.bindWritable(request.bind(), request.directories(), request.scratch())
                : SnapshotServer.bind(request.bind(), request.directories(), request.scratch());
    }

    /**
     * Fills a directory with made-up machine metrics, as a stopped server would leave them; cold. It uses none of this
     * engine's threads, and {@link #close()} does not end it.
     *
     * @param directory has to be there
     * @param seed the same seed gives the same data
     * @param approximateBytes of shard files, added up
     */
    public Mono<SampleData> sampleData(Path directory, long seed, long approximateBytes) {
        return dev.sluice.engine.serve.SampleData.write(directory, seed, approximateBytes)
                .map(made -> new SampleData(made.dataDir(), made.metaDir(), made.shards(), made.points()));
    }

    /**
     * Ends all that still runs, with {@link dev.sluice.engine.error.EngineClosed}. Unlike a cancel, each copy tells by
     * {@link Event.Told}s first what it leaves behind and how to clean up; an import, or a copy of points, tells by a
     * {@link TransferEvent.Warning} how far it came, and saves that if it keeps its progress. Returns at once; nothing
     * begins any more. For whoever is told to end, and wants the account that a failure gets.
     */
    public void interrupt() {
        runs.interrupt();
    }

    /**
     * {@linkplain #interrupt() Ends} all that still runs and frees the engine's threads. What is cleaned up then is
     * brought to its end, so that no pending file is left behind. Blocks for some seconds at most; safe to call twice.
     *
     * <p>A thread of the engine, such as the one that brings an event, cannot wait for itself, and those that
     * Reactor knows as non-blocking must not wait at all: called by one of these it returns at once, and all but the interruption is done
     * behind it.
     */
    @Override
    public void close() {
        interrupt();
        if (Schedulers.isInNonBlockingThread() || Threads.isOurs(Thread.currentThread())) {
            var closing = new Thread(this::free, "sluice-close");
            closing.setDaemon(true);
            closing.start();
        } else {
            free();
        }
    }

    private synchronized void free() {
        // A copy may be ended by the thread that brings its events; until then it has not begun to clean up.
        runs.over().timeout(PATIENCE).onErrorComplete().block();
        resources.close();
    }

    private static Mono<CopyReport> report(Flux<Event> events) {
        return events.ofType(Event.Finished.class).last().map(Event.Finished::report);
    }
}
