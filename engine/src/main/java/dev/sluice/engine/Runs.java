package dev.sluice.engine;

import dev.sluice.engine.copy.Copy;
import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.flow.Until;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.target.Target;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** What an engine has under way, and how that ends from outside: it is told to, or the engine is broken. */
final class Runs {

    private final Sinks.Empty<Event> closing = Sinks.empty();
    private final Set<Run> running = ConcurrentHashMap.newKeySet();

    /** A copy, which tells what it leaves behind when it is ended; cold. */
    Flux<Event> copy(Source source, Target target, CopyOptions options, Selection selection) {
        var copy = new Copy(source, target, options, Schedulers.parallel());
        return Flux.using(this::begin, run -> copy.run(selection, closing.asMono(), run::waitFor), Run::done)
                .doOnError(EngineBroken.class, closing::tryEmitError); // an operator may have passed it on by itself
    }

    /** For work that leaves nothing behind. */
    <T> Mono<T> whileOpen(Mono<T> work) {
        return Until.stopped(closing.asMono(), work).doOnError(EngineBroken.class, closing::tryEmitError);
    }

    /**
     * A transfer of points, which may tell how far it came when it is ended; cold.
     *
     * @param work ends with the error of the stop that it is given
     */
    <T> Flux<T> transfer(Function<Mono<?>, Flux<T>> work) {
        return Flux.using(this::begin, run -> work.apply(closing.asMono()), Run::done)
                .doOnError(EngineBroken.class, closing::tryEmitError);
    }

    /** Ends all with {@link EngineClosed}; nothing begins any more. */
    void interrupt() {
        closing.tryEmitError(new EngineClosed());
    }

    /** A thread met an error of the JVM: ends all. */
    void broken(Throwable cause) {
        closing.tryEmitError(new EngineBroken(cause));
    }

    /** Completes when everything that runs now has cleaned up. */
    Mono<Void> over() {
        return Mono.when(running.stream().map(run -> run.over.asMono()).toList());
    }

    private Run begin() {
        var run = new Run();
        running.add(run);
        return run;
    }

    /** A copy or transfer under way. It is over when its events have ended and all is cleaned up, which after a cancel is later. */
    private final class Run {
        private final Sinks.Empty<Void> over = Sinks.empty();
        private final AtomicInteger left = new AtomicInteger(1);

        Mono<Void> waitFor(Mono<Void> cleanUp) {
            return Mono.defer(() -> {
                left.incrementAndGet();
                return cleanUp.doFinally(signal -> done());
            });
        }

        void done() {
            if (left.decrementAndGet() == 0) {
                running.remove(this);
                over.tryEmitEmpty();
            }
        }
    }
}
