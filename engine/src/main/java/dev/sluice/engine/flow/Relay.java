package dev.sluice.engine.flow;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One flux, read by one reader after the other: each takes what it wants and leaves the rest to the next.
 *
 * <p>An operator of its own because the library's windows open by themselves, and have no say in when: here nothing is
 * asked for while nobody reads, and one element at most is at hand that nobody has taken.
 */
public final class Relay<T> implements CoreSubscriber<T> {

    private final Consumer<T> release;
    private final AtomicInteger work = new AtomicInteger();
    private final AtomicReference<@Nullable T> stash = new AtomicReference<>();
    private final AtomicReference<@Nullable Reader> reader = new AtomicReference<>();
    private volatile boolean closed;
    private volatile boolean done;
    private @Nullable Throwable error;

    // Touched by the drain alone.
    private @Nullable Subscription upstream;
    private boolean asked;

    /** @param release frees an element that nobody will take */
    public Relay(Consumer<T> release) {
        this.release = release;
    }

    /**
     * The elements up to and including the first that {@code last} accepts, or up to the end. Cold; one reader at a
     * time. A cancel leaves the rest to the next reader.
     */
    public Flux<T> until(Predicate<? super T> last) {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super T> actual) {
                Reader next = new Reader(actual, last);
                if (reader.compareAndSet(null, next)) {
                    actual.onSubscribe(next);
                    next.letIn = true;
                    drain();
                } else {
                    Operators.error(actual, new IllegalStateException("somebody else is reading"));
                }
            }
        };
    }

    /** Whoever reads gets no more; frees what is at hand, and cancels. Safe to call twice. */
    public void close() {
        closed = true;
        drain();
    }

    @Override
    public Context currentContext() {
        Reader now = reader.get();
        return now == null ? Context.empty() : now.actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(upstream, subscription)) {
            upstream = subscription;
            drain();
        }
    }

    @Override
    public void onNext(T element) {
        stash.set(element);
        drain();
    }

    @Override
    public void onError(Throwable t) {
        error = t;
        done = true;
        drain();
    }

    @Override
    public void onComplete() {
        done = true;
        drain();
    }

    private void drain() {
        if (work.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            while (step()) {
                // again, as long as something could be done
            }
            missed = work.addAndGet(-missed);
        } while (missed != 0);
    }

    private boolean step() {
        if (closed) {
            letGo();
            return false;
        }
        Reader now = reader.get();
        if (now == null || now.cancelled || !now.letIn) {
            return false;
        }
        boolean ended = done; // before the stash: what came before the end is in it by then
        T element = stash.get();
        if (element != null) {
            asked = false;
            if (now.demand == 0) {
                return false;
            }
            stash.set(null);
            now.take(element);
            return true;
        }
        if (ended) {
            reader.compareAndSet(now, null);
            if (error == null) {
                now.actual.onComplete();
            } else {
                now.actual.onError(error);
            }
            return true;
        }
        Subscription from = upstream;
        if (!asked && now.demand > 0 && from != null) {
            asked = true;
            from.request(1);
            return true;
        }
        return false;
    }

    private void letGo() {
        Subscription from = upstream;
        if (from != null) {
            from.cancel();
        }
        T element = stash.getAndSet(null);
        if (element != null) {
            release.accept(element);
        }
    }

    private final class Reader implements Subscription {
        private final CoreSubscriber<? super T> actual;
        private final Predicate<? super T> last;
        // It has its subscription: the end of upstream, for one, may come before that.
        private volatile boolean letIn;
        private volatile boolean cancelled;
        private volatile long demand;

        private Reader(CoreSubscriber<? super T> actual, Predicate<? super T> last) {
            this.actual = actual;
            this.last = last;
        }

        private void take(T element) {
            synchronized (this) {
                if (demand != Long.MAX_VALUE) {
                    demand--;
                }
            }
            boolean end = last.test(element);
            if (end) {
                reader.compareAndSet(this, null);
            }
            try {
                actual.onNext(element);
            } catch (Throwable t) {
                // An error of the JVM, most likely. Whoever brings elements may tell it to us alone, as their end.
                reader.compareAndSet(this, null);
                actual.onError(DrainingSubscriber.passedOn(t, actual.currentContext()));
                return;
            }
            if (end) {
                actual.onComplete();
            }
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                synchronized (this) {
                    demand = Operators.addCap(demand, n);
                }
                drain();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            reader.compareAndSet(this, null);
            drain();
        }
    }
}
