package dev.sluice.engine.flow;

import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;

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
            Operators.error(actual, DrainingSubscriber.passedOn(t, actual.currentContext()));
            return;
        }
        source.subscribe(new Loop<>(actual, unfolder, release));
    }

    private static final class Loop<T> extends DrainingSubscriber<ByteBuf, T> {
        private final Unfolder<T> unfolder;
        private final Consumer<? super T> release;
        // A mailbox: filled by upstream, emptied by the loop alone.
        private final AtomicReference<@Nullable ByteBuf> arrived = new AtomicReference<>();

        // Touched by the loop alone.
        private boolean asked;
        private boolean unfolding;
        private boolean closed;
        private @Nullable T last;

        private Loop(CoreSubscriber<? super T> actual, Unfolder<T> unfolder, Consumer<? super T> release) {
            super(actual, release);
            this.unfolder = unfolder;
            this.release = release;
        }

        @Override
        public void onNext(ByteBuf bytes) {
            arrived.set(bytes);
            drain();
        }

        @Override
        protected boolean step() {
            Throwable failed = failure();
            if (failed != null) {
                fail(failed);
                return false;
            }
            return unfolding ? unfold() : receive();
        }

        private boolean unfold() {
            if (!wanted()) {
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
            boolean end = ended();
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
            if (!asked && wanted()) {
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
            if (element == null) {
                complete();
                return false;
            }
            if (!wanted()) {
                return false;
            }
            last = null;
            emit(element);
            return true;
        }

        @Override
        protected void letGo() {
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
    }
}
