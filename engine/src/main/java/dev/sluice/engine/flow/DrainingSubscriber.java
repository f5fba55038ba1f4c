package dev.sluice.engine.flow;

import dev.sluice.engine.error.EngineBroken;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * The frame of an operator that works in steps: one subscription between upstream and subscriber, with its demand, its
 * end, its cancel, and a loop that drains what has gathered.
 *
 * <p>Whoever brings news (an element, a demand, the end, a cancel, memory) puts them down and calls {@link #drain()}. If no
 * loop runs, the caller becomes it: {@link #step()} is called until it finds nothing more to do. If one runs, on whatever
 * thread, it goes round once more, and the caller goes on. So steps never overlap, see what was put down before, and need
 * no lock for what they alone touch.
 *
 * <p>An operator says where arrivals are put ({@link #onNext}), what a step does, and what there is to free ({@link
 * #letGo}).
 *
 * @param <I> what comes in
 * @param <O> what goes out
 */
public abstract class DrainingSubscriber<I, O> implements CoreSubscriber<I>, Subscription {

    private final CoreSubscriber<? super O> actual;
    private final Consumer<? super O> release;
    private final AtomicInteger work = new AtomicInteger();
    private final AtomicLong demand = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean ended;
    private volatile boolean cancelled;
    private @Nullable Subscription upstream;

    // Touched by the loop alone.
    private boolean over;

    /** @param release of an element that the subscriber, who has just gone, will not get */
    protected DrainingSubscriber(CoreSubscriber<? super O> actual, Consumer<? super O> release) {
        this.actual = actual;
        this.release = release;
    }

    /**
     * Does one thing, and says whether there may be another; if not, somebody will call {@link #drain()} before there is.
     * Not called any more after {@link #complete} or {@link #fail}, or when the subscriber has gone. What it throws is the
     * error: the loop would otherwise count as running for ever, and nobody be told anything any more.
     */
    protected abstract boolean step();

    /**
     * Frees what is held. Called by the loop when nothing will be passed on any more, and again if something arrives even
     * then.
     */
    protected abstract void letGo();

    /** To be called after every change that a step might wait for. */
    protected final void drain() {
        if (work.getAndIncrement() == 0) {
            start();
        }
    }

    /** Runs the loop: here and now, unless the operator knows a better thread for {@link #loop}. */
    protected void start() {
        loop(Long.MAX_VALUE);
    }

    /** At most so many steps. If those were too few it says false, and has to be called again for the rest. */
    protected final boolean loop(long most) {
        long left = most;
        int missed = 1;
        do {
            while (advance()) {
                if (--left == 0) {
                    return false;
                }
            }
            missed = work.addAndGet(-missed);
        } while (missed != 0);
        return true;
    }

    private boolean advance() {
        if (over || cancelled) {
            over = true;
            letGo();
            return false;
        }
        try {
            return step();
        } catch (Throwable t) {
            if (over) {
                throw t; // by the subscriber, when it was told of the end
            }
            fail(passedOn(t, currentContext()));
            return false;
        }
    }

    /**
     * What the subscriber is told. Reactor throws errors of the JVM instead, which ends at an event loop that this may run
     * on: Netty would log them, and the subscriber wait for ever.
     */
    protected static Throwable passedOn(Throwable t, Context context) {
        return t instanceof LinkageError || t instanceof VirtualMachineError
                ? new EngineBroken(t)
                : Operators.onOperatorError(t, context);
    }

    /** There is demand. */
    protected final boolean wanted() {
        return demand.get() > 0;
    }

    /** Passes on an element, for which there was demand. */
    protected final void emit(O element) {
        if (cancelled) {
            release.accept(element);
            return;
        }
        if (demand.get() != Long.MAX_VALUE) {
            demand.decrementAndGet();
        }
        actual.onNext(element);
    }

    /** Nothing more will arrive. To be read before the place where arrivals are put: they are all there by then. */
    protected final boolean ended() {
        return ended;
    }

    /** Why nothing more will arrive, if that is an error. */
    protected final @Nullable Throwable failure() {
        return failure.get();
    }

    protected final boolean cancelled() {
        return cancelled;
    }

    protected final Subscription upstream() {
        return Objects.requireNonNull(upstream, "no subscription yet");
    }

    /** Ends in the way upstream has ended. Called by a step, as its last deed. */
    protected final void complete() {
        Throwable why = failure.get();
        if (why != null) {
            fail(why);
            return;
        }
        over = true;
        letGo();
        actual.onComplete();
    }

    /** Ends with an error, and upstream too. Called by a step, as its last deed. */
    protected final void fail(Throwable why) {
        over = true;
        upstream().cancel();
        letGo();
        actual.onError(why);
    }

    @Override
    public final Context currentContext() {
        return actual.currentContext();
    }

    @Override
    public final void onSubscribe(Subscription subscription) {
        if (Operators.validate(upstream, subscription)) {
            upstream = subscription;
            actual.onSubscribe(this);
        }
    }

    @Override
    public final void onError(Throwable t) {
        if (failure.compareAndSet(null, t)) {
            ended = true;
            drain();
        } else {
            Operators.onErrorDropped(t, currentContext());
        }
    }

    @Override
    public final void onComplete() {
        ended = true;
        drain();
    }

    @Override
    public final void request(long n) {
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
}
