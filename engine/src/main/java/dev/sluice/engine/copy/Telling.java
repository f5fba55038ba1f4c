package dev.sluice.engine.copy;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.FluxSink;

/**
 * Hands events on as they come, from any thread, one after the other, and the end last. A sink of Reactor that many threads
 * share throws away what waits behind an event that is being taken as soon as an error comes; and what is told last before
 * an error is the account of what stays behind.
 */
final class Telling {

    private final FluxSink<Event> sink;
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger left = new AtomicInteger();
    private boolean over; // of whoever's turn it is

    /** @param sink which nobody else gives anything */
    Telling(FluxSink<Event> sink) {
        this.sink = sink;
    }

    /** Whoever is too late, as a sample may be, is not heard. */
    void tell(Event event) {
        inTurn(() -> {
            if (!over) {
                sink.next(event);
            }
        });
    }

    void finished(CopyReport report) {
        inTurn(() -> {
            over = true;
            sink.next(new Event.Finished(report));
            sink.complete();
        });
    }

    void failed(Throwable why) {
        inTurn(() -> {
            over = true;
            sink.error(why);
        });
    }

    /** Whether a sample would be taken now, and not wait. */
    boolean isAskedFor() {
        return left.get() == 0 && sink.requestedFromDownstream() > 0;
    }

    /** Whoever comes while another thread, or this one, is in an event leaves its own to be handed on behind it. */
    private void inTurn(Runnable step) {
        waiting.add(step);
        if (left.getAndIncrement() > 0) {
            return;
        }
        do {
            waiting.remove().run();
        } while (left.decrementAndGet() > 0);
    }
}
