package dev.sluice.engine.store;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.model.Digest;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Writes a flux of buffers to a pending file, and ends the file as the flux ends.
 *
 * <p>A subscriber of its own rather than {@code publishOn} within {@code usingWhen}, for two reasons: whatever
 * happens to the file, removal after a cancel included, happens on one worker and in order; and the queue is
 * ours, so that each buffer has one owner and no discard hook has to reach it.
 */
final class PendingWriter implements CoreSubscriber<ByteBuf>, Subscription {

    /** One buffer is being written while the other is on its way. */
    static final int PREFETCH = 2;

    private final String name;
    private final PendingFile.Opener opener;
    private final Flux<ByteBuf> bytes;
    private final Checksum checksum;
    private final BiFunction<IOException, Long, StoreFailed> failure;
    private final CoreSubscriber<? super StoredFile> actual;
    private final Scheduler.Worker worker;

    // One without a lock: buffers are brought by threads that must not wait, event loops among them.
    private final Queue<ByteBuf> queue = new ConcurrentLinkedQueue<>();
    /** Buffers that were asked for and have not come yet. */
    private final AtomicInteger due = new AtomicInteger();

    private final AtomicInteger work = new AtomicInteger();
    private final AtomicReference<Outcome> outcome = new AtomicReference<>(Outcome.OPEN);
    private volatile @Nullable Subscription upstream;
    private volatile boolean requested;
    private volatile boolean done;
    private @Nullable Throwable error;

    // Touched by whoever drains only.
    private @Nullable PendingFile file;
    private @Nullable StoredFile published;
    private boolean ended;
    private long written;

    /** Who was first: the cancel, or we with what has become of the file. */
    private enum Outcome {
        OPEN,
        CANCELLED,
        TOLD
    }

    private PendingWriter(
            String name,
            PendingFile.Opener opener,
            Flux<ByteBuf> bytes,
            Digest.Algorithm algorithm,
            BiFunction<IOException, Long, StoreFailed> failure,
            Scheduler scheduler,
            CoreSubscriber<? super StoredFile> actual) {
        this.name = name;
        this.opener = opener;
        this.bytes = bytes;
        this.checksum = Checksum.of(algorithm);
        this.failure = failure;
        this.actual = actual;
        this.worker = scheduler.createWorker();
    }

    /**
     * Cold: each subscription opens a file of its own, and subscribes to {@code bytes} once that is done.
     *
     * @param failure what an I/O error after so many bytes means
     */
    static Mono<StoredFile> write(
            String name,
            PendingFile.Opener opener,
            Flux<ByteBuf> bytes,
            Digest.Algorithm algorithm,
            BiFunction<IOException, Long, StoreFailed> failure,
            Scheduler scheduler) {
        return new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super StoredFile> actual) {
                var writer = new PendingWriter(name, opener, bytes, algorithm, failure, scheduler, actual);
                actual.onSubscribe(writer);
                writer.wake();
            }
        };
    }

    @Override
    public Context currentContext() {
        return actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(upstream, subscription)) {
            upstream = subscription;
            if (cancelled()) {
                subscription.cancel();
            } else {
                request(subscription, PREFETCH);
            }
        }
    }

    @Override
    public void onNext(ByteBuf buffer) {
        if (done || due.getAndDecrement() <= 0) {
            buffer.release();
            cancelUpstream();
            onError(Exceptions.failWithOverflow("more buffers than were asked for"));
            return;
        }
        queue.add(buffer);
        wake();
    }

    @Override
    public void onError(Throwable t) {
        if (!done) {
            error = t;
            done = true;
            wake();
        }
    }

    @Override
    public void onComplete() {
        done = true;
        wake();
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n)) {
            requested = true;
            wake();
        }
    }

    /** The file is gone, whatever it was by then, unless the subscriber has heard of it before. */
    @Override
    public void cancel() {
        if (outcome.compareAndSet(Outcome.OPEN, Outcome.CANCELLED)) {
            cancelUpstream();
            wake();
            opener.interrupt();
        }
    }

    private boolean cancelled() {
        return outcome.get() == Outcome.CANCELLED;
    }

    private void cancelUpstream() {
        Subscription subscription = upstream;
        if (subscription != null) {
            subscription.cancel();
        }
    }

    private void wake() {
        if (work.getAndIncrement() != 0) {
            return;
        }
        try {
            worker.schedule(this::drain);
        } catch (RejectedExecutionException e) {
            // The threads are gone already; what is left is to clean up, at most.
            drain();
        }
    }

    private void drain() {
        int seen = work.get();
        do {
            if (!ended) {
                try {
                    advance();
                } catch (Throwable t) {
                    fail(t);
                }
            }
            if (published != null && file != null) {
                deliver(published, file);
            }
            if (ended) {
                releaseQueue();
            }
            if (ended && published == null) {
                worker.dispose();
            }
            seen = work.addAndGet(-seen);
        } while (seen != 0);
    }

    private void advance() throws IOException {
        while (!ended) {
            if (cancelled()) {
                ended = true;
                discard(null);
                return;
            }
            if (file == null) {
                file = opener.open();
                bytes.subscribe(this);
                continue;
            }
            boolean last = done;
            if (last && error != null) {
                fail(error);
                return;
            }
            int count = writeQueued(file);
            if (count > 0) {
                Subscription subscription = upstream;
                if (subscription != null) {
                    request(subscription, count);
                }
            } else if (last) {
                Duration syncing = file.publish();
                ended = true;
                published = new StoredFile(name, written, checksum.digest(), syncing);
            } else {
                return;
            }
        }
    }

    /** Or takes it back, if nobody waits for it any more. */
    private void deliver(StoredFile result, PendingFile whole) {
        if (requested && outcome.compareAndSet(Outcome.OPEN, Outcome.TOLD)) {
            published = null;
            actual.onNext(result);
            actual.onComplete();
        } else if (cancelled()) {
            published = null;
            try {
                whole.withdraw();
            } catch (IOException | RuntimeException e) {
                Operators.onErrorDropped(e, currentContext());
            }
        }
    }

    private void request(Subscription subscription, int count) {
        due.addAndGet(count);
        subscription.request(count);
    }

    private int writeQueued(PendingFile target) throws IOException {
        List<ByteBuf> taken = new ArrayList<>(PREFETCH);
        try {
            List<ByteBuffer> views = new ArrayList<>(PREFETCH);
            for (ByteBuf buffer = queue.poll(); buffer != null; buffer = queue.poll()) {
                taken.add(buffer);
                for (ByteBuffer view : buffer.nioBuffers()) {
                    views.add(view);
                    checksum.update(view);
                }
            }
            if (!views.isEmpty()) {
                ByteBuffer[] data = views.toArray(ByteBuffer[]::new);
                long length = views.stream().mapToLong(ByteBuffer::remaining).sum();
                target.write(data);
                written += length;
            }
            return taken.size();
        } finally {
            taken.forEach(ByteBuf::release);
        }
    }

    private void fail(Throwable cause) {
        if (ended) {
            Operators.onErrorDropped(cause, currentContext());
            return;
        }
        ended = true;
        cancelUpstream();
        if (cancelled() && cause instanceof IOException) {
            discard(null); // the cancel has closed the channel, and nobody waits for the file
            return;
        }
        Throwable told = cause instanceof IOException io ? failure.apply(io, written) : cause;
        discard(told);
        releaseQueue();
        if (outcome.compareAndSet(Outcome.OPEN, Outcome.TOLD)) {
            actual.onError(told);
        } else {
            Operators.onErrorDropped(told, currentContext());
        }
    }

    private void discard(@Nullable Throwable reason) {
        try {
            if (file == null) {
                opener.abandon();
            } else {
                file.discard();
            }
        } catch (IOException | RuntimeException e) {
            if (reason != null) {
                reason.addSuppressed(e);
            } else {
                Operators.onErrorDropped(e, currentContext());
            }
        }
    }

    private void releaseQueue() {
        for (ByteBuf buffer = queue.poll(); buffer != null; buffer = queue.poll()) {
            buffer.release();
        }
    }
}
