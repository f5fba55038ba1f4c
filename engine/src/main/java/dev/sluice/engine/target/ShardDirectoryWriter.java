package dev.sluice.engine.target;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.store.Failures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Unpacks one shard into a directory that nobody else knows yet.
 *
 * <p>A subscriber of its own, so that each part has one owner: all that happens to the directory, its removal after an
 * error or cancel included, happens on one worker, in order. One part is asked for at a time.
 */
final class ShardDirectoryWriter extends BaseSubscriber<ShardPart> {

    private static final long END_MARKER = 1024;

    private final Path directory;
    private final LongConsumer stored;
    private final MadeHere made;
    private final MonoSink<Unpacked> sink;
    private final Sinks.Empty<Void> ended;
    private final Scheduler.Worker worker;

    /** Not in the worker's task: those that have not run when the worker goes away are dropped. */
    private final AtomicReference<@Nullable ShardPart> arrived = new AtomicReference<>();

    private volatile boolean gone;

    // Touched on the worker only.
    private final List<String> files = new ArrayList<>();
    private @Nullable FileChannel file;
    private boolean complete;
    private boolean over;
    private long rawBytes = END_MARKER;
    private long bytes;
    private long syncing;

    /**
     * What came to rest.
     *
     * @param rawBytes length of the tar that it came from
     */
    record Unpacked(List<String> files, long rawBytes, long bytes, Duration syncing) {}

    private ShardDirectoryWriter(
            Path directory,
            LongConsumer stored,
            MadeHere made,
            MonoSink<Unpacked> sink,
            Sinks.Empty<Void> ended,
            Scheduler.Worker worker) {
        this.directory = directory;
        this.stored = stored;
        this.made = made;
        this.sink = sink;
        this.ended = ended;
        this.worker = worker;
    }

    /**
     * Cold. The directory must not exist; on error or cancel it is removed, if it was made here. When the result comes, all
     * of it is durable but the directory's own name.
     *
     * @param stored is told the bytes of files as they are written
     * @param made knows the directory for as long as it is there, and those that had to be made for it to lie in
     * @param ended completes when nothing more will happen to the directory, whatever happened
     */
    static Mono<Unpacked> unpack(
            Path directory,
            Flux<ShardPart> parts,
            LongConsumer stored,
            MadeHere made,
            Sinks.Empty<Void> ended,
            Scheduler blocking) {
        return Mono.create(sink -> {
            var writer = new ShardDirectoryWriter(directory, stored, made, sink, ended, blocking.createWorker());
            sink.onCancel(writer::stop);
            boolean begun = writer.onWorker(() -> {
                writer.begin();
                parts.subscribe(writer);
            });
            if (!begun) {
                writer.leave();
                sink.error(new RejectedExecutionException("no thread is left to unpack " + directory));
            }
        });
    }

    private void begin() throws IOException {
        made.makeAll(Objects.requireNonNull(directory.getParent(), "a shard lies in a policy"));
        try {
            made.make(directory);
        } catch (FileAlreadyExistsException e) {
            throw new StoreFailed(
                    "cannot write %s: it is there already".formatted(directory),
                    "Another restore seems to work on the same directories. Wait until it has ended, then restore again.",
                    e);
        }
    }

    @Override
    public Context currentContext() {
        return Context.of(sink.contextView());
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        request(1);
    }

    @Override
    protected void hookOnNext(ShardPart part) {
        arrived.set(part);
        onWorker(this::next);
        if (gone) {
            releaseArrived();
        }
    }

    @Override
    protected void hookOnError(Throwable error) {
        onWorker(() -> fail(error));
    }

    @Override
    protected void hookOnComplete() {
        onWorker(this::finish);
    }

    private void stop() {
        cancel();
        onWorker(() -> {
            if (!over) {
                over = true;
                remove();
            }
        });
    }

    private void next() throws IOException {
        ShardPart part = arrived.getAndSet(null);
        if (part != null) {
            try {
                take(part);
            } finally {
                part.release();
            }
            request(1);
        }
    }

    private void releaseArrived() {
        ShardPart part = arrived.getAndSet(null);
        if (part != null) {
            part.release();
        }
    }

    /** Nothing more will happen. */
    private void leave() {
        gone = true;
        releaseArrived();
        worker.dispose();
        ended.tryEmitEmpty();
    }

    private void take(ShardPart part) throws IOException {
        if (part instanceof ShardPart.FileStart start) {
            Path path = directory.resolve(start.name());
            if (!directory.equals(path.getParent())) {
                throw new IllegalStateException("not a plain name: " + start.name());
            }
            file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            files.add(start.name());
            rawBytes += start.tarBytes();
        } else if (part instanceof ShardPart.Bytes data && file != null) {
            for (ByteBuffer view : data.data().nioBuffers()) {
                while (view.hasRemaining()) {
                    int written = file.write(view);
                    bytes += written;
                    stored.accept(written);
                }
            }
        } else if (part instanceof ShardPart.FileEnd && file != null) {
            long begun = System.nanoTime();
            file.force(true);
            file.close();
            file = null;
            syncing += System.nanoTime() - begun;
        } else if (part instanceof ShardPart.ShardEnd) {
            complete = true;
        } else {
            throw new IllegalStateException("part out of order: " + part);
        }
    }

    private void finish() throws IOException {
        if (over) {
            return;
        }
        if (!complete) {
            throw new IllegalStateException("parts completed without the end of the shard");
        }
        long begun = System.nanoTime();
        Durable.directory(directory);
        syncing += System.nanoTime() - begun;
        over = true;
        leave();
        sink.success(new Unpacked(List.copyOf(files), rawBytes, bytes, Duration.ofNanos(syncing)));
    }

    private void fail(Throwable cause) {
        if (over) {
            return;
        }
        over = true;
        cancel();
        Throwable told = cause instanceof IOException io ? Failures.writing(directory.toString(), bytes, io) : cause;
        try {
            remove();
        } catch (IOException e) {
            told.addSuppressed(e);
        }
        sink.error(told);
    }

    private void remove() throws IOException {
        try {
            if (file != null) {
                file.close();
            }
            made.remove(directory);
        } finally {
            leave();
        }
    }

    /** Something that may fail. */
    private interface Action {
        void run() throws IOException;
    }

    /** False if the worker has gone, and with it what it would have to do. */
    private boolean onWorker(Action action) {
        try {
            worker.schedule(() -> {
                try {
                    action.run();
                } catch (IOException | RuntimeException e) {
                    fail(e);
                }
            });
            return true;
        } catch (RejectedExecutionException e) {
            releaseArrived();
            return false;
        }
    }
}
