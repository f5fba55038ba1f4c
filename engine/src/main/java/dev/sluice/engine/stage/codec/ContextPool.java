package dev.sluice.engine.stage.codec;

import java.util.ArrayDeque;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Working memory of a codec, lent to one call at a time. There are never more than calls at the same time; of
 * those that are idle only a few are kept, the one that was used last goes out first.
 */
final class ContextPool<C> implements AutoCloseable {

    private final Supplier<C> create;
    private final Consumer<C> free;
    private final int maxIdle;
    private final ArrayDeque<C> idle = new ArrayDeque<>();
    private boolean closed;

    ContextPool(Supplier<C> create, Consumer<C> free) {
        this(create, free, Runtime.getRuntime().availableProcessors());
    }

    ContextPool(Supplier<C> create, Consumer<C> free, int maxIdle) {
        this.create = create;
        this.free = free;
        this.maxIdle = maxIdle;
    }

    /** Runs {@code work} with a context; one that failed is not used again. */
    <R> R with(Function<C, R> work) {
        C context = take();
        boolean sound = false;
        try {
            R result = work.apply(context);
            sound = true;
            return result;
        } finally {
            giveBack(context, sound);
        }
    }

    private C take() {
        synchronized (idle) {
            if (closed) {
                throw new IllegalStateException("the encoder is closed");
            }
            C context = idle.pollLast();
            if (context != null) {
                return context;
            }
        }
        return create.get();
    }

    private void giveBack(C context, boolean sound) {
        synchronized (idle) {
            if (sound && !closed && idle.size() < maxIdle) {
                idle.addLast(context);
                return;
            }
        }
        free.accept(context);
    }

    @Override
    public void close() {
        ArrayDeque<C> unused;
        synchronized (idle) {
            closed = true;
            unused = new ArrayDeque<>(idle);
            idle.clear();
        }
        unused.forEach(free);
    }
}
