package dev.sluice.cli.command;

import java.util.Optional;
import java.util.function.Consumer;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Signal;

/** The events of a run, on the command's own thread. */
final class Events {

    /** Events that wait for a slow terminal or pipe; beyond them the engine leaves samples out. */
    private static final int AHEAD = 64;

    private Events() {}

    /**
     * Blocks for each event until the last one, which it returns; empty if the run ended without it. An error is thrown
     * when all events before it were handed on: read in any other way it would overtake those that wait, and they tell
     * what led to it and what it left behind.
     */
    static <T, L extends T> Optional<L> until(Class<L> last, Flux<T> events, Consumer<? super T> each) {
        for (Signal<T> signal : events.materialize().toIterable(AHEAD)) {
            T event = signal.get();
            Throwable error = signal.getThrowable();
            if (event != null) {
                each.accept(event);
                if (last.isInstance(event)) {
                    return Optional.of(last.cast(event));
                }
            } else if (error != null) {
                throw Exceptions.propagate(error);
            }
        }
        return Optional.empty();
    }
}
