package dev.sluice.engine.flow;

import io.netty.buffer.ByteBuf;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Many fluxes of buffers into one, each whole before the next, in the order in which they came to stand in line. Those
 * that wait are read a little ahead, so that the one side does not pause while another one begins.
 *
 * <p>An operator of its own because the library's either queue what a cancel may not find, or do not let one in the
 * line leave it: here a flux that fails before its turn is gone without a trace.
 */
public final class Turnstile {

    /** Buffers that are read ahead of each turn. */
    private static final int AHEAD = 2;

    private final Queue<Turn> line = new ConcurrentLinkedQueue<>();
    private final AtomicInteger work = new AtomicInteger();
    private final AtomicLong demand = new AtomicLong();
    private final AtomicReference<@Nullable CoreSubscriber<? super ByteBuf>> taker = new AtomicReference<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    // The taker has its subscription: an end may come before that.
    private volatile boolean letIn;
    private volatile boolean stopped;
    private volatile boolean closing;

    // Touched by the drain alone.
    private @Nullable Turn current;
    private boolean over;

    /** All bytes, for one subscriber, who releases them. Completes after {@link #close()}, when the line is empty. */
    public Flux<ByteBuf> out() {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super ByteBuf> actual) {
                if (taker.compareAndSet(null, actual)) {
                    actual.onSubscribe(new Demand());
                    letIn = true;
                    drain();
                } else {
                    Operators.error(actual, new IllegalStateException("there is only one way out"));
                }
            }
        };
    }

    /**
     * Stands in line.
     *
     * @param bytes subscribed to at once; its buffers are taken over. When it fails after its first byte went out the
     *     whole line fails
     * @param first is told when its turn has come
     * @param through is told when all of its bytes went out
     * @param failed is told why they will not
     */
    public Turn enter(
            Function<Turn, Flux<ByteBuf>> bytes, Runnable first, Runnable through, Consumer<Throwable> failed) {
        Turn turn = new Turn(first, through, failed);
        line.add(turn);
        bytes.apply(turn).subscribe(turn);
        drain();
        return turn;
    }

    /** Nobody enters after this. */
    public void close() {
        closing = true;
        drain();
    }

    /** Ends it for all who stand in line, and for the one at the way out. */
    public void fail(Throwable why) {
        failure.compareAndSet(null, why);
        drain();
    }

    private void drain() {
        if (work.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            while (advance()) {
                // again, as long as something could be done
            }
            missed = work.addAndGet(-missed);
        } while (missed != 0);
    }

    /** What is thrown at the way out, or by those who are told something, ends it for all. */
    private boolean advance() {
        try {
            return step();
        } catch (Throwable t) {
            if (!failure.compareAndSet(null, DrainingSubscriber.passedOn(t, Context.empty()))) {
                throw t;
            }
            return true;
        }
    }

    /** Does one thing; false when there is nothing to do until somebody calls {@link #drain()}. */
    private boolean step() {
        Throwable why = failure.get();
        if (why != null) {
            return end(why);
        }
        CoreSubscriber<? super ByteBuf> out = taker.get();
        if (over || stopped || out == null || !letIn) {
            return false;
        }
        Turn turn = current;
        if (turn == null) {
            turn = line.poll();
            if (turn == null) {
                if (closing) {
                    over = true;
                    out.onComplete();
                }
                return false;
            }
            current = turn;
            turn.first.run();
            return true;
        }
        boolean done = turn.done; // before the queue: what came before the end is in it by then
        ByteBuf next = demand.get() > 0 ? turn.queue.poll() : null;
        if (next != null) {
            if (!turn.begin()) {
                next.release();
                // Cancelled in its middle, it keeps its place: who did that is about to fail the line, this turn first.
                return turn.has(State.LEFT);
            }
            if (demand.get() != Long.MAX_VALUE) {
                demand.decrementAndGet();
            }
            turn.request();
            out.onNext(next);
            return true;
        }
        if (turn.has(State.LEFT) || (done && turn.queue.isEmpty() && turn.end())) {
            current = null;
            return true;
        }
        return false;
    }

    private boolean end(Throwable why) {
        Turn turn = current;
        if (turn == null) {
            turn = line.poll();
        }
        current = null;
        if (turn != null) {
            turn.abort(why);
            return true;
        }
        CoreSubscriber<? super ByteBuf> out = taker.get();
        if (!over && out != null && letIn) {
            over = true;
            if (!stopped) {
                out.onError(why);
            }
        }
        return false;
    }

    private final class Demand implements Subscription {
        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                demand.accumulateAndGet(n, Operators::addCap);
                drain();
            }
        }

        /** The turns stay in line until they are cancelled or told why with {@link #fail}. */
        @Override
        public void cancel() {
            stopped = true;
        }
    }

    private enum State {
        WAITING,
        BEGUN,
        LEFT,
        OVER
    }

    /** One in the line. */
    public final class Turn implements CoreSubscriber<ByteBuf> {
        private final Runnable first;
        private final Runnable through;
        private final Consumer<Throwable> failed;
        private final Queue<ByteBuf> queue = new ConcurrentLinkedQueue<>();
        private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
        private final AtomicReference<@Nullable Subscription> upstream = new AtomicReference<>();
        private @Nullable Throwable error;
        private volatile boolean done;

        private Turn(Runnable first, Runnable through, Consumer<Throwable> failed) {
            this.first = first;
            this.through = through;
            this.failed = failed;
        }

        /** Leaves the line without a trace, if nothing of it has gone out; says whether that is so. */
        public boolean leave() {
            if (state.compareAndSet(State.WAITING, State.LEFT)) {
                line.remove(this);
                releaseQueue();
                return true;
            }
            return has(State.LEFT);
        }

        /** Goes away. When some of it has gone out already, that is the end for all. */
        public void cancel() {
            cancelUpstream();
            if (leave()) {
                drain();
            } else if (state.compareAndSet(State.BEGUN, State.OVER)) {
                fail(new CancellationException("cancelled in the middle of its turn"));
            }
        }

        @Override
        public Context currentContext() {
            return Context.empty();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            if (upstream.compareAndSet(null, subscription)) {
                subscription.request(AHEAD);
            } else {
                subscription.cancel();
            }
        }

        @Override
        public void onNext(ByteBuf bytes) {
            queue.add(bytes);
            if (has(State.LEFT) || has(State.OVER)) {
                releaseQueue();
            }
            drain();
        }

        @Override
        public void onError(Throwable t) {
            if (leave()) {
                failed.accept(t);
            }
            error = t;
            done = true;
            drain();
        }

        @Override
        public void onComplete() {
            done = true;
            drain();
        }

        private boolean has(State expected) {
            return state.get() == expected;
        }

        private boolean begin() {
            return has(State.BEGUN) || state.compareAndSet(State.WAITING, State.BEGUN);
        }

        private void request() {
            Subscription subscription = upstream.get();
            if (subscription != null) {
                subscription.request(1);
            }
        }

        /** All was read and went out. False if it was cancelled just now: who did that is about to fail the line. */
        private boolean end() {
            Throwable why = error;
            if (why != null) {
                failure.compareAndSet(null, why);
                abort(why);
                return true;
            }
            State before = state.getAndSet(State.OVER);
            if (before == State.WAITING || before == State.BEGUN) {
                through.run();
            }
            return before != State.OVER;
        }

        private void abort(Throwable why) {
            State before = state.getAndSet(State.OVER);
            cancelUpstream();
            releaseQueue();
            if (before == State.WAITING || before == State.BEGUN) {
                failed.accept(why);
            }
        }

        private void cancelUpstream() {
            Subscription subscription = upstream.getAndSet(Operators.cancelledSubscription());
            if (subscription != null) {
                subscription.cancel();
            }
        }

        private void releaseQueue() {
            for (ByteBuf bytes = queue.poll(); bytes != null; bytes = queue.poll()) {
                bytes.release();
            }
        }
    }
}
