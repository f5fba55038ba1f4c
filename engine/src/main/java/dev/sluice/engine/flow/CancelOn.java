package dev.sluice.engine.flow;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Lets a cancel reach upstream on threads that may block, for what closes files then. When there are none any more it comes
 * as it comes; the library's {@code cancelOn} throws, and upstream never hears of it.
 */
public final class CancelOn {

    private CancelOn() {}

    /** @param blocking where upstream is cancelled */
    public static <T> Function<Flux<T>, Flux<T>> threads(Scheduler blocking) {
        return Operators.<T, T>liftPublisher((publisher, actual) -> new Passing<>(actual, blocking))
                .andThen(Flux::from)::apply;
    }

    private static final class Passing<T> implements CoreSubscriber<T>, Subscription {

        private final CoreSubscriber<? super T> actual;
        private final Scheduler blocking;
        private @Nullable Subscription upstream;

        Passing(CoreSubscriber<? super T> actual, Scheduler blocking) {
            this.actual = actual;
            this.blocking = blocking;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            if (Operators.validate(upstream, subscription)) {
                upstream = subscription;
                actual.onSubscribe(this);
            }
        }

        @Override
        public void onNext(T element) {
            actual.onNext(element);
        }

        @Override
        public void onError(Throwable error) {
            actual.onError(error);
        }

        @Override
        public void onComplete() {
            actual.onComplete();
        }

        @Override
        public void request(long n) {
            Subscription to = upstream;
            if (to != null) {
                to.request(n);
            }
        }

        @Override
        public void cancel() {
            Subscription to = upstream;
            if (to != null) {
                Uninterrupted.surely(blocking, to::cancel);
            }
        }
    }
}
