package dev.sluice.engine.flow;

import dev.sluice.engine.error.EngineBroken;
import reactor.core.publisher.Mono;

/** Work that somebody else may end. */
public final class Until {

    private Until() {}

    /**
     * Work that is cancelled when a stop comes, whose error it ends with then. Not {@code takeUntilOther}: an error of the
     * other leaves the work running there (seen with reactor-core 3.8.7). The stop first: work may fail before the second
     * one is even subscribed to.
     *
     * <p>An error of the JVM that some operator passes on becomes {@link EngineBroken}: others throw it again, and then
     * nobody hears of the end, as the work has spoken already and the stop does not count any more.
     *
     * @param stop its error ends the work; its completion does not
     */
    public static <T> Mono<T> stopped(Mono<?> stop, Mono<T> work) {
        return Mono.firstWithSignal(stop.then(Mono.never()), work.onErrorMap(Until::isOfTheJvm, EngineBroken::new));
    }

    private static boolean isOfTheJvm(Throwable error) {
        return error instanceof LinkageError || error instanceof VirtualMachineError;
    }
}
