package dev.sluice.engine.flow;

import dev.sluice.engine.error.EngineBroken;
import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One buffer to any number of elements.
 *
 * <p>An operator of its own because {@code concatMap} over {@code generate} leaks when it is cancelled: an element that is
 * under way between the two is dropped, and only a discard hook for its very type would see it; such hooks add up along
 * a flow and release twice. Here buffer, decoder and element belong to one loop that runs on one thread at a time. A cancel that
 * comes while it runs is carried out by the loop itself, so that nothing is freed under a running decoder.
 *
 * @param <T> what comes out
 */
public final class Unfold<T> extends FluxOperator<ByteBuf, T> {

    private final Supplier<? extends Unfolder<T>> start;
    private final Consumer<? super T> release;

    private Unfold(Flux<ByteBuf> bytes, Supplier<? extends Unfolder<T>> start, Consumer<? super T> release) {
        super(bytes);
        this.start = start;
        this.release = release;
    }

    /**
     * A stage for {@code transform}: cold, one unfolder a subscription. Upstream is asked for one buffer at a time, when
     * there is demand and all buffers before it are used up. Buffers are taken over; elements belong to the subscriber.
     * Work is done on the thread that brings the input or the demand.
     *
     * @param start makes the unfolder of a subscription
     * @param release of an element that was made when the subscriber had just gone
     */
    public static <T> Function<Flux<ByteBuf>, Flux<T>> of(
            Supplier<? extends Unfolder<T>> start, Consumer<? super T> release) {
        return bytes -> new Unfold<>(bytes, start, release);
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        Unfolder<T> unfolder;
        try {
            unfolder = start.get();
        } catch (Throwable t) {
            Operators.error(actual, passedOn(t, actual.currentContext()));
            return;
        }
        source.subscribe(new Loop<>(actual, unfolder, release));
    }

    /**
     * What the subscriber is told. Reactor throws errors of the JVM instead, which ends at an event loop that this may run
     * on: Netty would log them, and the subscriber wait for ever.
     */
    private static Throwable passedOn(Throwable t, Context context) {
        return t instanceof LinkageError || t instanceof VirtualMachineError
                ? new EngineBroken(t)
                : Operators.onOperatorError(t, context);
    }

    private static final class Loop<T> implements CoreSubscriber<ByteBuf>, Subscription {
        private final CoreSubscriber<? super T> actual;
        private final Unfolder<T> unfolder;
        private final Consumer<? super T> release;

        private final AtomicInteger work = new AtomicInteger();
        private final AtomicLong demand = new AtomicLong();
        // A mailbox: filled by upstream, emptied by the loop alone.
        private final AtomicReference<@Nullable ByteBuf> arrived = new AtomicReference<>();
        private volatile boolean cancelled;
        private volatile boolean ended;
        private volatile @Nullable Throwable failure;
        private @Nullable Subscription upstream;

        // Touched by the loop alone.
        private boolean asked;
        private boolean unfolding;
        private boolean over;
        private boolean closed;
        private @Nullable T last;

        private Loop(CoreSubscriber<? super T> actual, Unfolder<T> unfolder, Consumer<? super T> release) {
            this.actual = actual;
            this.unfolder = unfolder;
            this.release = release;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription s) {
            if (Operators.validate(upstream, s)) {
                upstream = s;
                actual.onSubscribe(this);
            }
        }

        @Override
        public void onNext(ByteBuf bytes) {
            arrived.set(bytes);
            drain();
        }

        @Override
        public void onError(Throwable t) {
            failure = t;
            ended = true;
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
            upstream().cancel();
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

        /** Does one thing; false when there is nothing to do until somebody calls {@link #drain()}. */
        private boolean step() {
            if (over || cancelled) {
                letGo();
                return false;
            }
            Throwable failed = failure;
            if (failed != null) {
                letGo();
                actual.onError(failed);
                return false;
            }
            try {
                return unfolding ? unfold() : receive();
            } catch (Throwable t) {
                upstream().cancel();
                letGo();
                actual.onError(passedOn(t, currentContext()));
                return false;
            }
        }

        private boolean unfold() {
            if (demand.get() == 0) {
                return false;
            }
            T element = unfolder.next();
            if (element == null) {
                unfolding = false;
            } else {
                emit(element);
            }
            return true;
        }

        private boolean receive() {
            // Read before the mailbox: what came before the end is in it by then.
            boolean end = ended;
            ByteBuf in = arrived.getAndSet(null);
            if (in != null) {
                asked = false;
                unfolding = true;
                unfolder.take(in);
                return true;
            }
            if (end) {
                return finish();
            }
            if (!asked && demand.get() > 0) {
                asked = true;
                upstream().request(1);
                return true;
            }
            return false;
        }

        private boolean finish() {
            if (!closed) {
                last = unfolder.end();
                close();
            }
            T element = last;
            if (element != null) {
                if (demand.get() == 0) {
                    return false;
                }
                last = null;
                emit(element);
                if (cancelled) {
                    return true;
                }
            }
            over = true;
            actual.onComplete();
            return false;
        }

        private void emit(T element) {
            if (cancelled) {
                release.accept(element);
                return;
            }
            if (demand.get() != Long.MAX_VALUE) {
                demand.decrementAndGet();
            }
            actual.onNext(element);
        }

        private void letGo() {
            over = true;
            ReferenceCountUtil.release(arrived.getAndSet(null));
            T element = last;
            if (element != null) {
                last = null;
                release.accept(element);
            }
            close();
        }

        private void close() {
            if (!closed) {
                closed = true;
                try {
                    unfolder.close();
                } catch (Throwable t) {
                    Exceptions.throwIfJvmFatal(t);
                    Operators.onErrorDropped(t, currentContext());
                }
            }
        }

        private Subscription upstream() {
            return Objects.requireNonNull(upstream, "no subscription yet");
        }
    }
}
