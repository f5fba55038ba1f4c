package dev.sluice.engine;

import dev.sluice.engine.flow.Crossing;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.stage.ShardStage;
import dev.sluice.engine.stage.SlabLine;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;

/** The threads that all runs of an engine share, and what is made with them. */
final class Resources {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int FILE_THREADS = 32;
    private static final int QUEUED_FILE_TASKS = 100_000;
    private static final int LOOPS = 2;
    private static final int IDLE_SECONDS = 60;

    private final long memory;
    private final int parallelism;
    private final LoopResources loops;
    private final Scheduler workers;
    private final Scheduler files;

    /**
     * @param memory bytes in flight for each run
     * @param parallelism threads that compress and check
     * @param broken is told when a thread met an error of the JVM
     */
    Resources(long memory, int parallelism, Consumer<Throwable> broken) {
        this.memory = memory;
        this.parallelism = parallelism;
        this.loops = LoopResources.create("sluice-net", LOOPS, true);
        this.workers = sharing(parallelism, new Threads("sluice-compress", false, broken));
        this.files = Uninterrupted.on(Schedulers.newBoundedElastic(
                FILE_THREADS, QUEUED_FILE_TASKS, new Threads("sluice-files", true, broken), IDLE_SECONDS));
    }

    /**
     * Threads with one queue for all. Reactor's parallel scheduler has a queue for each thread and gives them work in turn:
     * a slab to compress then waits behind a shard that is checked, while the next thread has nothing to do.
     */
    private static Scheduler sharing(int parallelism, ThreadFactory threads) {
        var executor = new ScheduledThreadPoolExecutor(parallelism, threads);
        executor.setRemoveOnCancelPolicy(true);
        return Schedulers.fromExecutorService(executor);
    }

    /** Event loops for the network, where nothing blocks. */
    LoopResources loops() {
        return loops;
    }

    /** For what burns processor time. What is given to it runs on any of its threads, and the next may overtake it. */
    Scheduler workers() {
        return workers;
    }

    /** How many {@link #workers()} there are. */
    int parallelism() {
        return parallelism;
    }

    /** May block, and is not interrupted by a cancel. */
    Scheduler files() {
        return files;
    }

    /** For time that passes. */
    Scheduler clock() {
        return Schedulers.parallel();
    }

    /** What fills slabs and compresses them, with a budget of its own; to be closed. */
    SlabLine line(Compression compression) {
        return SlabLine.open(compression, memory, workers, parallelism);
    }

    /** The same for what is not compressed. */
    SlabLine line() {
        return line(Compression.NONE);
    }

    /** A client of a server's HTTP API; to be closed. */
    InfluxHttp http(HttpAccess access, Timeouts timeouts, int connections) {
        return InfluxHttp.to(access.endpoint(), access.credentials(), timeouts, loops, connections);
    }

    /** Takes a shard off the thread that brings it: the stages behind this one burn processor time. */
    ShardStage onWorkers() {
        return (shard, parts, tell) -> parts.transform(Crossing.to(workers, ShardPart::release));
    }

    /** Blocks for some seconds at most, for what is still to be cleaned up. */
    void close() {
        close(PATIENCE);
    }

    /** What is not done in time does not keep the rest from being freed. */
    void close(Duration patience) {
        inTime(files.disposeGracefully(), patience);
        files.dispose(); // where a file hangs, its thread is left to itself
        workers.dispose();
        inTime(loops.disposeLater(Duration.ZERO, patience), patience);
    }

    private static void inTime(Mono<Void> end, Duration patience) {
        end.timeout(patience).onErrorComplete().block();
    }
}
