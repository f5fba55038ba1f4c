package dev.sluice.engine.transfer;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * How many requests may be under way: one more after a row of quick answers, one fewer when the server takes several
 * times as long for a line as it can, half as many when it says that it is overloaded or fails.
 */
final class Permits {

    private static final int SLOWER = 4;
    private static final Duration GRACE = Duration.ofMillis(100);

    private final int most;
    private final Deque<MonoSink<Permits>> waiting = new ArrayDeque<>();
    private int limit;
    private int used;
    private int quick;
    private double best = Double.MAX_VALUE; // nanoseconds a line

    Permits(int most) {
        this.most = most;
        this.limit = Math.min(2, most);
    }

    /** Does {@code work} as soon as there is room for it, on the thread that makes room. */
    <T> Mono<T> with(Supplier<Mono<T>> work) {
        return Mono.usingWhen(acquire(), permits -> work.get(), permits -> Mono.fromRunnable(this::release));
    }

    synchronized void answered(long nanos, int lines) {
        double each = nanos / (double) Math.max(1, lines);
        best = Math.min(best, each);
        if (nanos > GRACE.toNanos() && each > best * SLOWER) {
            limit = Math.max(1, limit - 1);
            quick = 0;
        } else if (++quick >= limit) {
            limit = Math.min(most, limit + 1);
            quick = 0;
        }
    }

    synchronized void overloaded() {
        limit = Math.max(1, limit / 2);
        quick = 0;
    }

    synchronized int limit() {
        return limit;
    }

    private Mono<Permits> acquire() {
        return Mono.create(sink -> {
            synchronized (this) {
                if (used >= limit) {
                    waiting.add(sink);
                    sink.onCancel(() -> withdraw(sink));
                    return;
                }
                used++;
            }
            sink.success(this);
        });
    }

    private synchronized void withdraw(MonoSink<Permits> sink) {
        waiting.remove(sink);
    }

    private void release() {
        synchronized (this) {
            used--;
        }
        while (true) {
            MonoSink<Permits> next;
            synchronized (this) {
                next = used < limit ? waiting.poll() : null;
                if (next == null) {
                    return;
                }
                used++;
            }
            next.success(this);
        }
    }
}
