package dev.sluice.engine.flow;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

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

    private static final class Lane<T> extends DrainingSubscriber<T, T> implements Runnable {
        private final Scheduler workers;
        private final Consumer<? super T> release;
        private final Queue<T> queue = new ConcurrentLinkedQueue<>();

        // Touched by the loop alone.
        private boolean begun;
        private int taken;

        private Lane(CoreSubscriber<? super T> actual, Scheduler workers, Consumer<? super T> release) {
            super(actual, release);
            this.workers = workers;
            this.release = release;
        }

        @Override
        public void onNext(T element) {
            queue.add(element);
            if (cancelled()) {
                letGo();
            } else {
                drain();
            }
        }

        /** Does not wait for a thread to free what is queued. */
        @Override
        public void cancel() {
            super.cancel();
            letGo();
        }

        @Override
        protected void start() {
            try {
                workers.schedule(this);
            } catch (RejectedExecutionException closed) {
                // The loop counts as running from now on, and nobody runs it but this; what still comes is freed.
                if (!cancelled()) {
                    cancel();
                    fail(Operators.onOperatorError(closed, currentContext()));
                }
            }
        }

        @Override
        public void run() {
            if (!loop(FAIR)) {
                start();
            }
        }

        @Override
        protected boolean step() {
            boolean end = ended();
            T element = wanted() ? queue.poll() : null;
            if (element != null) {
                if (++taken == REFILL) {
                    taken = 0;
                    upstream().request(REFILL);
                }
                emit(element);
                return true;
            }
            if (end && queue.isEmpty()) {
                complete();
                return false;
            }
            if (!begun && wanted()) {
                begun = true;
                upstream().request(AHEAD);
                return true;
            }
            return false;
        }

        @Override
        protected void letGo() {
            for (T element = queue.poll(); element != null; element = queue.poll()) {
                release.accept(element);
            }
        }
    }
}
