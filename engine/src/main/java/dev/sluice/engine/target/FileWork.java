package dev.sluice.engine.target;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.StoreFailed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Work on the files of a stopped server, on threads that may block.
 *
 * @param data its data directory, for what is told when the work fails
 * @param blocking where the work runs
 */
record FileWork(Path data, Scheduler blocking) {

    /** Cold: each subscription does it. What the file system refuses becomes a {@link StoreFailed}. */
    <T> Mono<T> of(Callable<T> work) {
        return Mono.fromCallable(work)
                .onErrorMap(
                        IOException.class,
                        e -> new StoreFailed(
                                "cannot restore to %s: %s".formatted(data, FileTrouble.inWords(e)),
                                "Check the disk, and who owns the directories.",
                                e))
                .subscribeOn(blocking);
    }
}
