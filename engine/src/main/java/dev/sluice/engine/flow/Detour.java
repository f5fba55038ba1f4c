package dev.sluice.engine.flow;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Lets most elements pass, and puts a flux in the place of some: work that takes its time, or other elements.
 *
 * <p>An operator of its own because {@code concatMap}, which could do it with a flux of one element for those that
 * pass, drops what is under way when it is cancelled: an element that comes from upstream, and one that comes from an
 * inner flux. Only a discard hook for its very type would see it; such hooks add up along a flow and release twice.
 *
 * @param <T> what comes in and goes out
 */
public final class Detour<T> extends FluxOperator<T, T> {

    private final Function<? super T, ? extends @Nullable Flux<T>> way;
    private final Consumer<? super T> release;

    private Detour(Flux<T> in, Function<? super T, ? extends @Nullable Flux<T>> way, Consumer<? super T> release) {
        super(in);
        this.way = way;
        this.release = release;
    }

    /**
     * A stage for {@code transform}: cold. Upstream is asked for one element at a time, when there is demand and no detour
     * is under way; an error of upstream waits for the detour. Elements belong to the subscriber. Changes no thread.
     *
     * @param way what goes out in the place of an element, which it then has taken over; null to let it pass. That flux
     *     is asked for one element at a time; it is subscribed to even when the subscriber has gone, and then cancelled.
     *     What the function throws becomes the error, and the element was taken over
     * @param release of an element that comes when the subscriber has gone
     */
    public static <T> Function<Flux<T>, Flux<T>> of(
            Function<? super T, ? extends @Nullable Flux<T>> way, Consumer<? super T> release) {
        return in -> new Detour<>(in, way, release);
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        source.subscribe(new Main<>(actual, way, release));
    }

    /** Never holds an element: it was asked for by the subscriber, and so goes out on the thread that brings it. */
    private static final class Main<T> implements CoreSubscriber<T>, Subscription {
        private final CoreSubscriber<? super T> actual;
        private final Function<? super T, ? extends @Nullable Flux<T>> way;
        private final Consumer<? super T> release;

        private final AtomicInteger work = new AtomicInteger();
        private final AtomicLong demand = new AtomicLong();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        private volatile boolean cancelled;
        private volatile boolean ended;
        // Upstream was asked for an element that is not dealt with, that is passed on or all of its detour made.
        private volatile boolean asked;
        private volatile @Nullable Side side;
        private Subscription upstream = Operators.emptySubscription();

        // Touched by the drain alone.
        private boolean over;

        private Main(
                CoreSubscriber<? super T> actual,
                Function<? super T, ? extends @Nullable Flux<T>> way,
                Consumer<? super T> release) {
            this.actual = actual;
            this.way = way;
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
            if (cancelled) {
                release.accept(element);
                return;
            }
            Flux<T> instead;
            try {
                instead = way.apply(element);
            } catch (Throwable t) {
                fail(Operators.onOperatorError(t, currentContext()));
                return;
            }
            if (instead == null) {
                pass(element);
                asked = false;
                drain();
                return;
            }
            var begun = new Side();
            side = begun;
            instead.subscribe(begun);
            if (cancelled) {
                begun.cancel();
            }
        }

        private void pass(T element) {
            if (cancelled) {
                release.accept(element);
                return;
            }
            if (demand.get() != Long.MAX_VALUE) {
                demand.decrementAndGet();
            }
            actual.onNext(element);
        }

        @Override
        public void onError(Throwable t) {
            fail(t);
        }

        private void fail(Throwable t) {
            if (!failure.compareAndSet(null, t)) {
                Operators.onErrorDropped(t, currentContext());
            }
            drain();
        }

        @Override
        public void onComplete() {
            ended = true;
            drain();
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                demand.accumulateAndGet(n, Operators::addCap);
                drain();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            upstream.cancel();
            Side under = side;
            if (under != null) {
                under.cancel();
            }
        }

        private void drain() {
            if (work.getAndIncrement() != 0) {
                return;
            }
            int missed = 1;
            do {
                step();
                missed = work.addAndGet(-missed);
            } while (missed != 0);
        }

        private void step() {
            if (over || cancelled) {
                return;
            }
            // Read before the side: what upstream sent before its end is in there by then.
            boolean end = ended;
            Side under = side;
            // Read behind it: of a side that failed, it is there before the side is gone.
            Throwable failed = failure.get();
            if (under != null) {
                under.ask();
            } else if (failed != null) {
                over = true;
                upstream.cancel();
                actual.onError(failed);
            } else if (end) {
                over = true;
                actual.onComplete();
            } else if (!asked && demand.get() > 0) {
                asked = true;
                upstream.request(1);
            }
        }

        /** The flux that goes out in the place of an element. */
        private final class Side implements CoreSubscriber<T> {
            private final AtomicReference<@Nullable Subscription> from = new AtomicReference<>();
            // It can be asked: what it was asked for before has come.
            private volatile boolean open;

            @Override
            public Context currentContext() {
                return actual.currentContext();
            }

            @Override
            public void onSubscribe(Subscription s) {
                if (from.compareAndSet(null, s)) {
                    open = true;
                    drain();
                } else {
                    s.cancel();
                }
            }

            @Override
            public void onNext(T element) {
                pass(element);
                open = true;
                drain();
            }

            @Override
            public void onError(Throwable t) {
                fail(t); // before the side is gone, or upstream's end would count
                side = null;
                drain();
            }

            @Override
            public void onComplete() {
                side = null;
                asked = false;
                drain();
            }

            /** Called by the drain alone. */
            private void ask() {
                Subscription now = from.get();
                if (open && now != null && demand.get() > 0) {
                    open = false;
                    now.request(1);
                }
            }

            private void cancel() {
                Subscription now = from.getAndSet(Operators.cancelledSubscription());
                if (now != null) {
                    now.cancel();
                }
            }
        }
    }
}
