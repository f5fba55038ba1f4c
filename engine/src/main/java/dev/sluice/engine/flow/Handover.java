package dev.sluice.engine.flow;

import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

/**
 * Makes, by work that blocks, something that must not be forgotten: an open file, a claim. The library's
 * {@code fromCallable} loses what was made when a cancel comes while it is made; here it is undone.
 */
public final class Handover<T> extends Mono<T> {

    private final Callable<? extends @Nullable T> making;
    private final Consumer<? super T> undo;
    private final Scheduler blocking;

    private Handover(Callable<? extends @Nullable T> making, Consumer<? super T> undo, Scheduler blocking) {
        this.making = making;
        this.undo = undo;
        this.blocking = blocking;
    }

    /**
     * Cold: each subscription makes one. What the work throws is signalled; null completes with nothing.
     *
     * @param undo of what was made and reaches nobody; throws nothing
     * @param blocking where both are done; its threads may block, and are not interrupted
     */
    public static <T> Mono<T> of(Callable<? extends @Nullable T> making, Consumer<? super T> undo, Scheduler blocking) {
        return new Handover<>(making, undo, blocking);
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        var hand = new Hand(actual);
        actual.onSubscribe(hand);
        try {
            blocking.schedule(hand::make);
        } catch (RejectedExecutionException e) {
            hand.end(() -> actual.onError(Operators.onRejectedExecution(e, actual.currentContext())));
        }
    }

    private enum Place {
        /** Not made yet, not asked for. */
        NOWHERE,
        ASKED_FOR,
        MADE,
        /** The subscriber has got it, or heard why not. */
        GIVEN,
        CANCELLED
    }

    private final class Hand implements Subscription {

        private final CoreSubscriber<? super T> actual;
        private final AtomicReference<Place> place = new AtomicReference<>(Place.NOWHERE);
        private @Nullable T made;

        Hand(CoreSubscriber<? super T> actual) {
            this.actual = actual;
        }

        void make() {
            if (place.get() == Place.CANCELLED) {
                return;
            }
            T value;
            try {
                value = making.call();
            } catch (Throwable t) {
                Exceptions.throwIfJvmFatal(t); // which the thread tells
                end(() -> actual.onError(t));
                return;
            }
            if (value == null) {
                end(actual::onComplete);
                return;
            }
            made = value;
            if (place.compareAndSet(Place.NOWHERE, Place.MADE)) {
                return;
            }
            if (place.compareAndSet(Place.ASKED_FOR, Place.GIVEN)) {
                give(value);
            } else {
                undo.accept(value);
            }
        }

        private void give(T value) {
            actual.onNext(value);
            actual.onComplete();
        }

        void end(Runnable telling) {
            Place before = place.getAndUpdate(at -> at == Place.CANCELLED ? at : Place.GIVEN);
            if (before != Place.CANCELLED) {
                telling.run();
            }
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n) && !place.compareAndSet(Place.NOWHERE, Place.ASKED_FOR)) {
                T value = made;
                if (value != null && place.compareAndSet(Place.MADE, Place.GIVEN)) {
                    give(value);
                }
            }
        }

        @Override
        public void cancel() {
            Place before = place.getAndUpdate(at -> at == Place.GIVEN ? at : Place.CANCELLED);
            T value = made;
            if (before == Place.MADE && value != null) {
                Uninterrupted.surely(blocking, () -> undo.accept(value));
            }
        }
    }
}
