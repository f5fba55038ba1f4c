package dev.sluice.engine.flow;

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
    private static final class Main<T> extends DrainingSubscriber<T, T> {
        private final Function<? super T, ? extends @Nullable Flux<T>> way;

        // Upstream was asked for an element that is not dealt with, that is passed on or all of its detour made.
        private volatile boolean asked;
        private volatile @Nullable Side side;

        private Main(
                CoreSubscriber<? super T> actual,
                Function<? super T, ? extends @Nullable Flux<T>> way,
                Consumer<? super T> release) {
            super(actual, release);
            this.way = way;
        }

        @Override
        public void onNext(T element) {
            if (cancelled()) {
                emit(element); // which frees it
                return;
            }
            Flux<T> instead;
            try {
                instead = way.apply(element);
            } catch (Throwable t) {
                onError(Operators.onOperatorError(t, currentContext()));
                return;
            }
            if (instead == null) {
                emit(element);
                asked = false;
                drain();
                return;
            }
            var begun = new Side();
            side = begun;
            instead.subscribe(begun);
            if (cancelled()) {
                begun.cancel();
            }
        }

        /** Does not wait for a loop that may be busy in the detour. */
        @Override
        public void cancel() {
            super.cancel();
            letGo();
        }

        @Override
        protected boolean step() {
            boolean end = ended(); // before the side: what upstream sent before its end is in there by then
            Side under = side;
            if (under != null) {
                under.ask();
            } else if (end) {
                complete();
            } else if (!asked && wanted()) {
                asked = true;
                upstream().request(1);
            }
            return false;
        }

        @Override
        protected void letGo() {
            Side under = side;
            if (under != null) {
                under.cancel();
            }
        }

        /** The flux that goes out in the place of an element. */
        private final class Side implements CoreSubscriber<T> {
            private final AtomicReference<@Nullable Subscription> from = new AtomicReference<>();
            // It can be asked: what it was asked for before has come.
            private volatile boolean open;

            @Override
            public Context currentContext() {
                return Main.this.currentContext();
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
                emit(element);
                open = true;
                drain();
            }

            @Override
            public void onError(Throwable t) {
                Main.this.onError(t); // before the side is gone, or upstream's end would count
                side = null;
                drain();
            }

            @Override
            public void onComplete() {
                side = null;
                asked = false;
                drain();
            }

            /** Called by the loop alone. */
            private void ask() {
                Subscription now = from.get();
                if (open && now != null && wanted()) {
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
