package dev.sluice.engine.flow;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Exceptions;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Threads that block, for flows that are cancelled by threads that must not. Reactor's schedulers interrupt what they
 * dispose of, and whoever interrupts a thread within a file's read waits until it has left it: on a disk that hangs, for
 * ever. Here work that was begun goes on to its end; what waits is dropped. What may block without an end (a pipe) is ended
 * by closing its channel.
 */
public final class Uninterrupted implements Scheduler {

    private final Scheduler threads;
    private final AtomicInteger left = new AtomicInteger(1); // this, and the work that was taken
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Sinks.Empty<Void> over = Sinks.empty();

    private Uninterrupted(Scheduler threads) {
        this.threads = threads;
    }

    /** @param threads are used, and disposed of with this */
    public static Scheduler on(Scheduler threads) {
        return new Uninterrupted(threads);
    }

    /** Does what has to be done even when there are no threads any more: by one of them, or else here and now. */
    public static void surely(Scheduler threads, Runnable work) {
        try {
            threads.schedule(work);
        } catch (RejectedExecutionException e) {
            work.run();
        }
    }

    /** The same as the last step of a flow, which does not wait for it. */
    public static <T> Mono<T> cleaningUp(Scheduler threads, Runnable work) {
        return Mono.fromRunnable(() -> surely(threads, work));
    }

    @Override
    public Disposable schedule(Runnable work) {
        return taken(work, threads::schedule);
    }

    private Task taken(Runnable work, Consumer<Runnable> thread) {
        // Whoever comes between the two is waited for, unless the last has gone already.
        if (closed.get() || left.getAndUpdate(n -> n == 0 ? 0 : n + 1) == 0) {
            throw Exceptions.failWithRejected();
        }
        var task = new Task(work);
        try {
            thread.accept(task);
        } catch (RejectedExecutionException e) {
            task.dispose();
            throw e;
        }
        return task;
    }

    private void done() {
        if (left.decrementAndGet() == 0) {
            over.tryEmitEmpty();
        }
    }

    @Override
    public Worker createWorker() {
        return new Line(threads.createWorker());
    }

    @Override
    public void init() {
        threads.init();
    }

    /** Interrupts what still runs. */
    @Override
    public void dispose() {
        threads.dispose();
    }

    /**
     * Takes no more work, and completes when what was taken is done; its threads end then. Not Reactor's own way, which looks
     * again and again on a thread that is no daemon: a JVM that has nothing else to do would go on for ten seconds.
     */
    @Override
    public Mono<Void> disposeGracefully() {
        return Mono.defer(() -> {
            if (closed.compareAndSet(false, true)) {
                done();
            }
            return over.asMono().then(Mono.fromRunnable(threads::dispose));
        });
    }

    @Override
    public boolean isDisposed() {
        return closed.get() || threads.isDisposed();
    }

    @Override
    public String toString() {
        return threads.toString();
    }

    /** Runs once, or not at all, and is done then. */
    private final class Task extends AtomicReference<@Nullable Runnable> implements Runnable, Disposable {

        private static final long serialVersionUID = 1L;

        Task(Runnable work) {
            super(work);
        }

        @Override
        public void run() {
            Runnable work = getAndSet(null);
            if (work != null) {
                try {
                    work.run();
                } finally {
                    done();
                }
            }
        }

        @Override
        public void dispose() {
            if (getAndSet(null) != null) {
                done();
            }
        }

        @Override
        public boolean isDisposed() {
            return get() == null;
        }
    }

    private final class Line implements Worker {

        private final Worker thread;
        private final AtomicBoolean disposed = new AtomicBoolean();

        Line(Worker thread) {
            this.thread = thread;
        }

        @Override
        public Disposable schedule(Runnable work) {
            if (disposed.get()) {
                throw Exceptions.failWithRejected();
            }
            Task task = taken(
                    () -> {
                        if (!disposed.get()) {
                            work.run();
                        }
                    },
                    thread::schedule);
            if (disposed.get()) {
                task.dispose(); // meanwhile: it may stand behind the end of the line, where nobody comes
            }
            return task;
        }

        /** The thread is given back behind what it does now. */
        @Override
        public void dispose() {
            if (disposed.compareAndSet(false, true)) {
                try {
                    thread.schedule(thread::dispose);
                } catch (RejectedExecutionException e) {
                    thread.dispose();
                }
            }
        }

        @Override
        public boolean isDisposed() {
            return disposed.get();
        }
    }
}
