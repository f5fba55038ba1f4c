package dev.sluice.engine.flow;

import java.util.function.Function;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/**
 * Lets a cancel reach upstream on threads that may block, for what closes files then. When there are none any more it comes
 * as it comes; of the library's {@code cancelOn} alone it would throw, and upstream never hear of it.
 */
public final class CancelOn {

    private CancelOn() {}

    /** @param blocking where upstream is cancelled */
    public static <T> Function<Flux<T>, Flux<T>> threads(Scheduler blocking) {
        return flux -> flux.cancelOn(new OrHere(blocking));
    }

    /** Refuses nothing. */
    private record OrHere(Scheduler threads) implements Scheduler {

        @Override
        public Disposable schedule(Runnable work) {
            Uninterrupted.surely(threads, work);
            return Disposables.disposed();
        }

        @Override
        public Worker createWorker() {
            return threads.createWorker();
        }
    }
}
