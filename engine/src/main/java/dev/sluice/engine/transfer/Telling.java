package dev.sluice.engine.transfer;

import dev.sluice.engine.event.TransferEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.util.concurrent.Queues;

/** What a run tells while it works: warnings as they come, samples by the clock, its end last. One run. */
final class Telling {

    private static final Duration SAMPLING = Duration.ofMillis(250);

    /** Beyond these, warnings are only counted: a file may give one for every line. */
    private static final int MOST_WARNINGS = 200;

    private final Sinks.Many<TransferEvent> told = Sinks.many().unicast().onBackpressureBuffer();
    private final Sinks.Empty<Void> over = Sinks.empty();
    private final List<String> warnings = new ArrayList<>();
    private final long start = System.nanoTime();
    private int dropped;

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** Safe for many threads. */
    synchronized void warn(String message, String hint) {
        if (warnings.size() < MOST_WARNINGS) {
            warnings.add(message);
            told.tryEmitNext(new TransferEvent.Warning(message, hint));
        } else {
            dropped++;
        }
    }

    synchronized List<String> warnings() {
        var all = new ArrayList<>(warnings);
        if (dropped > 0) {
            all.add("%d more warnings were not kept".formatted(dropped));
        }
        return all;
    }

    /** Runs {@code work} and tells about it; a cancel cancels it. */
    Flux<TransferEvent> about(
            TransferEvent.Started started,
            Mono<? extends TransferEvent> work,
            Supplier<TransferEvent.Progress> sample,
            Scheduler clock) {
        Flux<TransferEvent> samples = Flux.interval(SAMPLING, SAMPLING, clock)
                .onBackpressureDrop()
                .<TransferEvent>map(tick -> sample.get())
                .takeUntilOther(over.asMono());
        Mono<TransferEvent> end = work.<TransferEvent>map(event -> event).doFinally(signal -> finish());
        return Flux.<TransferEvent>just(started)
                // An error waits as well: a warning that another thread passes on just then says what was done by then.
                .concatWith(Flux.mergeDelayError(Queues.XS_BUFFER_SIZE, told.asFlux(), samples, end))
                .transform(Telling::endLast);
    }

    /** Holds the end back until warnings that were told before it have passed. */
    private static Flux<TransferEvent> endLast(Flux<TransferEvent> events) {
        return Flux.defer(() -> {
            List<TransferEvent> end = new ArrayList<>(1);
            return events.filter(event -> {
                        if (event instanceof TransferEvent.Last) {
                            end.add(event);
                            return false;
                        }
                        return true;
                    })
                    .concatWith(Flux.defer(() -> Flux.fromIterable(end)));
        });
    }

    private synchronized void finish() {
        told.tryEmitComplete();
        over.tryEmitEmpty();
    }
}
