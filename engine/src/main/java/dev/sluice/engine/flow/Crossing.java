package dev.sluice.engine.flow;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Where a flux crosses over to threads that may burn processor time, away from those that bring its elements.
 *
 * <p>An operator of its own because {@code publishOn} leaves it to discard hooks, which go by type and add up along a
 * flow, to free what is queued when a cancel comes.
 *
 * @param <T> what crosses
 */
public final class Crossing<T> extends FluxOperator<T, T> {

    /** Elements that are asked for ahead of what has crossed. */
    static final int AHEAD = 8;

    private static final int REFILL = AHEAD / 2;

    /** Steps after which others have a turn on the thread. */
    private static final int FAIR = 2 * AHEAD;

    private final Scheduler workers;
    private final Consumer<? super T> release;

    private Crossing(Flux<T> in, Scheduler workers, Consumer<? super T> release) {
        super(in);
        this.workers = workers;
        this.release = release;
    }

    /**
     * A stage for {@code transform}: cold, in order, with at most {@value #AHEAD} elements under way. Upstream is asked
     * for nothing before there is demand. An error of upstream comes behind what came before it; a cancel frees what is
     * under way at once. Elements belong to the subscriber.
     *
     * @param workers on whose threads the subscriber is called, one after the other
     * @param release of an element that the subscriber will not get
     */
    public static <T> Function<Flux<T>, Flux<T>> to(Scheduler workers, Consumer<? super T> release) {
        return in -> new Crossing<>(in, workers, release);
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        source.subscribe(new Lane<>(actual, workers, release));
    }

    private static final class Lane<T> implements CoreSubscriber<T>, Subscription, Runnable {
        private final CoreSubscriber<? super T> actual;
        private final Scheduler workers;
        private final Consumer<? super T> release;

        private final Queue<T> queue = new ConcurrentLinkedQueue<>();
        private final AtomicInteger work = new AtomicInteger();
        private final AtomicLong demand = new AtomicLong();
        private volatile boolean cancelled;
        private volatile boolean ended;
        private @Nullable Throwable failure; // written before ended
        private Subscription upstream = Operators.emptySubscription();

        // Touched by the drain alone.
        private boolean begun;
        private boolean over;
        private int taken;

        private Lane(CoreSubscriber<? super T> actual, Scheduler workers, Consumer<? super T> release) {
            this.actual = actual;
            this.workers = workers;
            this.release = release;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription s) {
            upstream = s;
            actual.onSubscribe(this);
        }

        @Override
        public void onNext(T element) {
            queue.add(element);
            if (cancelled) {
                releaseQueue();
            } else {
                schedule();
            }
        }

        @Override
        public void onError(Throwable t) {
            failure = t;
            ended = true;
            schedule();
        }

        @Override
        public void onComplete() {
            ended = true;
            schedule();
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                demand.accumulateAndGet(n, Operators::addCap);
                schedule();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            upstream.cancel();
            releaseQueue();
        }

        private void schedule() {
            if (work.getAndIncrement() == 0) {
                submit();
            }
        }

        private void submit() {
            try {
                workers.schedule(this);
            } catch (RejectedExecutionException closed) {
                // Work stays above zero: nobody drains from now on but this.
                over = true;
                boolean gone = cancelled;
                cancel();
                if (!gone) {
                    actual.onError(Operators.onOperatorError(closed, currentContext()));
                }
            }
        }

        @Override
        public void run() {
            int missed = 1;
            int left = FAIR;
            do {
                while (step()) {
                    if (--left == 0) {
                        submit();
                        return;
                    }
                }
                missed = work.addAndGet(-missed);
            } while (missed != 0);
        }

        /** Does one thing; false when there is nothing to do until somebody calls {@link #schedule()}. */
        private boolean step() {
            if (over || cancelled) {
                return false;
            }
            boolean end = ended; // before the queue: what came before the end is in it by then
            T element = demand.get() > 0 ? queue.poll() : null;
            if (element != null) {
                pass(element);
                return true;
            }
            if (end && queue.isEmpty()) {
                over = true;
                Throwable why = failure;
                if (why == null) {
                    actual.onComplete();
                } else {
                    actual.onError(why);
                }
                return false;
            }
            if (!begun && demand.get() > 0) {
                begun = true;
                upstream.request(AHEAD);
                return true;
            }
            return false;
        }

        private void pass(T element) {
            if (cancelled) {
                release.accept(element);
                return;
            }
            if (demand.get() != Long.MAX_VALUE) {
                demand.decrementAndGet();
            }
            if (++taken == REFILL) {
                taken = 0;
                upstream.request(REFILL);
            }
            actual.onNext(element);
        }

        private void releaseQueue() {
            for (T element = queue.poll(); element != null; element = queue.poll()) {
                release.accept(element);
            }
        }
    }
}
