package dev.sluice.engine.transfer;

import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.flow.FirstFailure;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.flow.Until;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.transfer.LineReader.Position;
import dev.sluice.engine.transfer.LineReader.Step;
import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Imports files of line protocol, one after the other.
 *
 * <p>Within a file several requests are in flight. Points are dealt out to lanes by series and time, and a lane has one
 * request at a time, so that of several values for one point the last one in the file wins.
 */
public final class LineImport {

    /** A directory's own file of progress, which is no input. */
    public static final String PROGRESS = ".sluice-import.json";

    private static final long SAVE_EVERY = TimeUnit.SECONDS.toNanos(1);

    private final List<Input> inputs;
    private final boolean many;
    private final String source;
    private final InfluxHttp http;
    private final ImportOptions options;
    private final Scheduler workers;
    private final Scheduler files;
    private final Scheduler clock;

    private final Telling telling;
    private final Delivery.Counters counters = new Delivery.Counters();
    private final Rejects rejects;
    private final Retries retries;
    private final Statements statements;
    private final Permits permits;
    private final PointRate rate;
    private final LineBatch.Pool batches;
    private final Bodies bodies;
    private final Progress progress;
    private volatile String at = "";
    private volatile @Nullable Run underWay;

    private LineImport(
            String source,
            List<Input> inputs,
            boolean many,
            InfluxHttp http,
            ImportOptions options,
            Telling telling,
            Scheduler workers,
            Scheduler files,
            Scheduler clock) {
        this.telling = telling;
        this.source = source;
        this.inputs = inputs;
        this.many = many;
        this.http = http;
        this.options = options;
        this.workers = workers;
        this.files = files;
        this.clock = clock;
        this.rejects = new Rejects(options.rejects());
        this.progress =
                new Progress(options, many, http.endpoint().toString(), telling, rejects, counters.written::get, files);
        this.retries = new Retries(options.retries(), counters.retries, clock);
        this.statements = new Statements(http, telling, retries);
        this.permits = new Permits(options.concurrency());
        this.rate = new PointRate(options.pointsPerSecond(), clock);
        this.batches = new LineBatch.Pool(options.batchBytes());
        this.bodies = new Bodies(options.batchBytes(), options.concurrency());
    }

    /**
     * An import of one file or stream; it serves one subscription.
     *
     * @param workers where bodies are compressed
     * @param files where work on files is done; may block
     * @param clock tells the time and wakes up those who wait
     */
    public static LineImport of(
            Input input, InfluxHttp http, ImportOptions options, Scheduler workers, Scheduler files, Scheduler clock) {
        return within(new Telling(), input, http, options, workers, files, clock);
    }

    /** An import that is a part of a run, which tells what it has to tell. */
    static LineImport within(
            Telling telling,
            Input input,
            InfluxHttp http,
            ImportOptions options,
            Scheduler workers,
            Scheduler files,
            Scheduler clock) {
        return new LineImport(input.name(), List.of(input), false, http, options, telling, workers, files, clock);
    }

    /**
     * An import of a directory's files by name, without those that its file of progress says are taken.
     *
     * <p>Blocking.
     */
    public static LineImport ofDirectory(
            Path directory,
            InfluxHttp http,
            ImportOptions options,
            Scheduler workers,
            Scheduler files,
            Scheduler clock) {
        List<Input> inputs = InputFiles.in(directory, options);
        ImportOptions own = options.withProgress(options.progress().orElseGet(() -> directory.resolve(PROGRESS)), true);
        return new LineImport(directory.toString(), inputs, true, http, own, new Telling(), workers, files, clock);
    }

    /**
     * Runs it; the last event is {@link TransferEvent.Imported}. A cancel ends every request.
     *
     * @param stop its error ends every request too, and is passed on behind what was written by then; how far it came is
     *     saved before
     */
    public Flux<TransferEvent> run(Mono<?> stop) {
        return telling.about(
                new TransferEvent.Started(source, http.endpoint().toString()),
                work(stop).map(TransferEvent.Imported::new),
                () -> new TransferEvent.Progress(
                        telling.elapsed(), counters.written.get(), 0, counters.bytes.get(), at),
                clock);
    }

    /** The same without what is told. */
    Mono<ImportReport> work(Mono<?> stop) {
        return Until.stopped(stop, progress.left(inputs).flatMap(this::all))
                .onErrorResume(e -> saveAtTheEnd(e).then(Mono.error(e)))
                .doOnError(e -> tellWhatIsWritten())
                .doFinally(signal -> {
                    bodies.close();
                    // Each of them was flushed. To close waits for who adds one just now, and this may be an event
                    // loop.
                    Uninterrupted.surely(files, this::closeRejects);
                });
    }

    /** A broken engine may have no memory for it, and then nobody would hear of its end. */
    private Mono<Void> saveAtTheEnd(Throwable why) {
        Run run = underWay;
        return run == null || why instanceof EngineBroken ? Mono.empty() : run.saveNow();
    }

    /** Of an import that had not begun to write there is nothing to tell but why. */
    void tellWhatIsWritten() {
        if (counters.written.get() + rejects.count() > 0) {
            telling.warn(
                    "stopped with %d points written and %d rejected".formatted(counters.written.get(), rejects.count()),
                    options.progress().isPresent()
                            ? "The same command%s goes on from there.".formatted(many ? "" : " with --resume")
                            : "Points that were written are written again without harm.");
        }
    }

    /** Points that the server has stored so far. */
    long written() {
        return counters.written.get();
    }

    private Mono<ImportReport> all(List<Input> left) {
        return Flux.fromIterable(left)
                .concatMap(
                        input -> one(input).then(Mono.defer(() -> {
                            underWay = null;
                            return progress.done(input);
                        })),
                        0)
                .then(progress.allDone())
                .then(Mono.fromCallable(() -> new ImportReport(
                        source,
                        http.endpoint().toString(),
                        telling.elapsed(),
                        left.size(),
                        inputs.size() - left.size(),
                        counters.statements.get(),
                        counters.written.get(),
                        rejects.count(),
                        progress.rejectedBefore(),
                        counters.requests.get(),
                        counters.retries.get(),
                        counters.bytes.get(),
                        rejects.examples(),
                        rejects.location(),
                        telling.warnings())));
    }

    private Mono<Void> one(Input input) {
        at = input.name();
        return Mono.usingWhen(
                input.open(files),
                opened -> Mono.fromCallable(opened::identity).subscribeOn(files).flatMap(identity -> {
                    var run = new Run(input, opened, identity, progress.start(input, identity));
                    underWay = run;
                    return run.all();
                }),
                opened -> Uninterrupted.cleaningUp(files, opened::close),
                (opened, why) -> Uninterrupted.cleaningUp(files, opened::close),
                opened -> Uninterrupted.cleaningUp(files, opened::giveUp));
    }

    private void closeRejects() {
        try {
            rejects.close();
        } catch (IOException e) {
            telling.warn("rejected points may not be on disk: %s".formatted(e), "Check the disk.");
        }
    }

    /** One input on its way. */
    private final class Run {
        private final Input input;
        private final Input.Opened opened;
        private final String identity;
        private final Position start;
        private final LineReader reader;
        private final Watermark watermark;
        private final Delivery delivery;
        private final AtomicLong saved = new AtomicLong(System.nanoTime());

        Run(Input input, Input.Opened opened, String identity, Position start) {
            this.input = input;
            this.opened = opened;
            this.identity = identity;
            this.start = start;
            this.reader = new LineReader(input.name(), options, batches, start, input.isMade());
            this.watermark = new Watermark(start);
            this.delivery = new Delivery(
                    input.name(),
                    http,
                    options,
                    rejects,
                    counters,
                    retries,
                    permits,
                    rate,
                    bodies,
                    workers,
                    files,
                    clock);
        }

        Mono<Void> all() {
            int lanes = options.concurrency();
            return text().concatMap(this::steps, 0)
                    .concatWith(Flux.defer(this::lastSteps))
                    .concatMap(this::perform, 0)
                    .doOnDiscard(ByteBuf.class, ReferenceCountUtil::release)
                    // Text is cut by the workers, not by the loops that ask for it. Batches lie on the heap.
                    .publishOn(workers, 1)
                    .groupBy(LineBatch::lane, 3 * lanes)
                    .flatMap(lane -> lane.concatMap(this::deliver, 0), lanes, 1)
                    .onErrorMap(FirstFailure::of)
                    .then();
        }

        private Flux<ByteBuf> text() {
            return Flux.defer(() -> {
                long[] left = {start.offset()};
                return opened.text(files).handle((bytes, sink) -> {
                    long skip = Math.min(left[0], bytes.readableBytes());
                    left[0] -= skip;
                    bytes.skipBytes((int) skip);
                    if (bytes.isReadable()) {
                        sink.next(bytes);
                    } else {
                        bytes.release();
                    }
                });
            });
        }

        private Flux<Step> steps(ByteBuf bytes) {
            try {
                counters.bytes.addAndGet(bytes.readableBytes());
                reader.feed(bytes);
            } finally {
                bytes.release();
            }
            return drained();
        }

        private Flux<Step> lastSteps() {
            reader.end();
            return drained();
        }

        private Flux<Step> drained() {
            return Flux.generate(sink -> {
                @Nullable Step step = reader.next();
                if (step == null) {
                    sink.complete();
                } else {
                    sink.next(step);
                }
            });
        }

        private Mono<LineBatch> perform(Step step) {
            if (step instanceof Step.Batch full) {
                LineBatch batch = full.batch();
                LineBatch first = full.first();
                watermark.given(batch, reader.position());
                if (first == batch) {
                    return deliver(batch).then(Mono.empty());
                }
                return first == null
                        ? Mono.just(batch)
                        : delivery.deliver(first).thenReturn(batch);
            }
            if (step instanceof Step.Unsendable bad) {
                return delivery.reject(
                                bad.place(), bad.text().getBytes(StandardCharsets.UTF_8), bad.line(), bad.reason())
                        .then(Mono.empty());
            }
            if (step instanceof Step.Warning warning) {
                telling.warn(warning.message(), warning.hint());
                return Mono.empty();
            }
            var statement = (Step.Statement) step;
            if (options.bucket().isPresent()) {
                telling.warn(
                        "%s, line %d: statement left out".formatted(input.name(), statement.line()),
                        "A bucket is written to as it is; InfluxDB 2.x and 3.x create them by other means.");
                return Mono.empty();
            }
            return statements
                    .execute(statement.text(), input.name(), statement.line())
                    .doOnNext(done -> counters.statements.addAndGet(done ? 1 : 0))
                    .then(Mono.empty());
        }

        private Mono<Void> deliver(LineBatch batch) {
            return delivery.deliver(batch).then(Mono.defer(() -> {
                watermark.done(batch);
                batches.giveBack(batch);
                return saveNowAndThen();
            }));
        }

        private Mono<Void> saveNowAndThen() {
            long now = System.nanoTime();
            long last = saved.get();
            return now - last >= SAVE_EVERY && saved.compareAndSet(last, now) ? saveNow() : Mono.empty();
        }

        private Mono<Void> saveNow() {
            return progress.reached(input, identity, watermark::position);
        }
    }
}
