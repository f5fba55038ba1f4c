package dev.sluice.engine.transfer;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * How many requests may be under way: one more after a row of quick answers, one fewer when the server takes several
 * times as long for a line as it can, half as many when it says that it is overloaded or fails.
 */
final class Permits {

    private static final int SLOWER = 4;
    private static final Duration GRACE = Duration.ofMillis(100);

    private final int most;
    private final Deque<Place> waiting = new ArrayDeque<>();
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
        return Mono.usingWhen(
                Mono.fromSupplier(Place::new),
                place -> place.granted().then(Mono.defer(work)),
                place -> Mono.fromRunnable(place::leave));
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

    private void grant() {
        while (true) {
            Place next;
            synchronized (this) {
                next = used < limit ? waiting.poll() : null;
                if (next == null) {
                    return;
                }
                next.take();
            }
            next.granted.tryEmitEmpty();
        }
    }

    /** Of one who waits for a permit, or has one: who leaves gives back what it has, heard of or not. */
    private final class Place {
        private final Sinks.Empty<Void> granted = Sinks.empty();
        private boolean has;

        Mono<Void> granted() {
            return Mono.defer(() -> {
                synchronized (Permits.this) {
                    if (used < limit) {
                        take();
                        return Mono.empty();
                    }
                    waiting.add(this);
                }
                return granted.asMono();
            });
        }

        /** Under the permits' lock. */
        private void take() {
            used++;
            has = true;
        }

        void leave() {
            synchronized (Permits.this) {
                if (has) {
                    used--;
                } else {
                    waiting.remove(this);
                }
            }
            grant();
        }
    }
}
