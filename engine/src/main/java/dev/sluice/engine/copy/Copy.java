package dev.sluice.engine.copy;

import dev.sluice.engine.error.CodecUnavailable;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.error.ShardWithdrawn;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.flow.FirstFailure;
import dev.sluice.engine.flow.Until;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.Access;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.stage.RateLimit;
import dev.sluice.engine.stage.ShardStage;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.target.TargetSession;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Copies what a selection names from a source to a target.
 *
 * <p>Shards go side by side; one that fails is tried again without disturbing the others. When all have their fate the
 * target is sealed; if one fails for good and was not to be skipped, the others are cancelled and the target gives up.
 */
public final class Copy {

    private final Source source;
    private final Target target;
    private final CopyOptions options;
    private final Scheduler timer;
    private final Backoff backoff;

    /** @param timer for pauses, samples and the time in the report */
    public Copy(Source source, Target target, CopyOptions options, Scheduler timer) {
        this.source = source;
        this.target = target;
        this.options = options;
        this.timer = timer;
        this.backoff =
                new Backoff(options.retries(), () -> ThreadLocalRandom.current().nextDouble());
    }

    /**
     * Runs the copy. Cold; the last event is {@link Event.Finished}. A cancel stops every conversation at once and
     * lets the target clean up.
     */
    public Flux<Event> run(Selection selection) {
        return run(selection, Mono.never(), cleanUp -> cleanUp);
    }

    /**
     * The same with somebody who may end it. Unlike a cancel, that leaves time to tell what stays behind: the target's
     * last {@link Event.Told}s come before the error.
     *
     * @param stop its error ends the copy, and is passed on
     * @param cleaningUp is shown each thing that is done at the end: after a cancel nobody else hears when it is over
     */
    public Flux<Event> run(Selection selection, Mono<?> stop, UnaryOperator<Mono<Void>> cleaningUp) {
        // Every event but samples is of bounded number (shards × attempts), so buffering them is bounded too.
        return Flux.push(sink -> {
            var telling = new Telling(sink);
            var copy = Mono.usingWhen(
                            Until.stopped(stop, source.open(selection)),
                            session -> through(session, telling, stop, cleaningUp),
                            session -> cleaningUp.apply(session.close()))
                    .contextWrite(sink.contextView()) // a source may be the caller's own flux
                    .subscribe(telling::finished, telling::failed);
            sink.onDispose(copy);
        });
    }

    private Mono<CopyReport> through(
            SourceSession from, Telling telling, Mono<?> stop, UnaryOperator<Mono<Void>> cleaningUp) {
        return Mono.usingWhen(
                Until.stopped(stop, target.begin(from.catalog())),
                to -> Until.stopped(stop, to.prepare().then(new Run(from, to, telling).go())),
                to -> Mono.empty(),
                (to, error) -> cleaningUp.apply(giveUp(to, telling)),
                to -> cleaningUp.apply(giveUp(to, telling)));
    }

    private static Mono<Void> giveUp(TargetSession to, Telling telling) {
        return to.abort()
                .doOnNext(left -> left.forEach(notice -> telling.tell(new Event.Told(notice))))
                .then();
    }

    /** The shard is to be tried again. */
    private static final class Again extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Duration pause;

        private Again(Duration pause) {
            super("again after " + pause, null, false, false);
            this.pause = pause;
        }
    }

    /** One run: the state that its shards share. */
    private final class Run {
        private final SourceSession from;
        private final TargetSession to;
        private final Telling telling;
        private final Instant started;
        private final long startedAt;
        private final Tally tally;
        private final Optional<RateLimit> limit;
        private final List<Notice> notices = new CopyOnWriteArrayList<>();

        /** Attempts that the source took back. */
        private final Map<ShardRef, Integer> withdrawn = new ConcurrentHashMap<>();

        /** What attempts that failed have found: one of several targets may have the shard of such a one. */
        private final Map<ShardRef, Set<Notice>> foundInVain = new ConcurrentHashMap<>();

        private Run(SourceSession from, TargetSession to, Telling telling) {
            this.from = from;
            this.to = to;
            this.telling = telling;
            this.started = Instant.ofEpochMilli(timer.now(TimeUnit.MILLISECONDS));
            this.startedAt = timer.now(TimeUnit.NANOSECONDS);
            this.tally = new Tally(from.catalog().shards().size());
            this.limit = options.rateLimit().isEmpty()
                    ? Optional.empty()
                    : Optional.of(new RateLimit(options.rateLimit().getAsLong(), timer));
        }

        private Mono<CopyReport> go() {
            return Mono.defer(() -> {
                var catalog = from.catalog();
                tell(new Event.Started(
                        options.task(),
                        source.describe(),
                        target.describe(),
                        catalog.shards().size(),
                        catalog.rawBytes()));
                catalog.notices().forEach(this::report);
                catalog.notOffered().forEach(this::warnOfNotOffered);
                to.found().forEach(this::report);
                var samples = Flux.interval(options.sampling(), timer).subscribe(tick -> sample());
                return from.shards()
                        .flatMap(this::fateOf, width(), 1)
                        .onErrorMap(FirstFailure::of)
                        .collectList()
                        .flatMap(fates -> from.end()
                                .doOnNext(found -> found.forEach(this::report))
                                .thenReturn(fates))
                        .flatMap(this::seal)
                        .doFinally(signal -> samples.dispose());
            });
        }

        /** What can be read once only is asked for the next shard when the one before has its fate. */
        private int width() {
            return from.access() == Access.ONE_PASS ? 1 : Math.min(options.concurrency(), to.maxOpenShards());
        }

        private Mono<ShardOutcome> fateOf(ShardRead shard) {
            String refusal = to.refused().get(shard.ref());
            Mono<ShardOutcome> fate =
                    refusal != null ? Mono.just(new ShardOutcome.Refused(shard.ref(), refusal)) : fateOfTaken(shard);
            return fate.doOnNext(outcome -> {
                tally.done();
                tell(new Event.ShardFinished(outcome));
            });
        }

        /**
         * Attempts, one behind the other. Not each within what became of the one before: that would grow with every retry,
         * until the stack of whoever tells the end, or a cancel, does not reach through it.
         */
        private Mono<ShardOutcome> fateOfTaken(ShardRead shard) {
            return Mono.defer(() -> {
                var attempts = new AtomicInteger(withdrawn.getOrDefault(shard.ref(), 0));
                Duration since = now();
                return Mono.defer(() -> attempt(shard, attempts.incrementAndGet(), since))
                        // Such an error is thrown up to the thread by what waits for the next attempt.
                        .onErrorMap(Exceptions::isJvmFatal, EngineBroken::new)
                        .retryWhen(Retry.from(failures -> failures.concatMap(this::pause)));
            });
        }

        private Mono<Long> pause(Retry.RetrySignal failed) {
            return failed.failure() instanceof Again again
                    ? Mono.delay(again.pause, timer)
                    : Mono.error(failed.failure());
        }

        /** To ask whether it is wanted is a part of it, and can fail as the rest can. */
        private Mono<ShardOutcome> attempt(ShardRead shard, int attempt, Duration since) {
            return shard.wanted()
                    .onErrorResume(EmptyAnswer.class, e -> Mono.just(true)) // the copy itself finds out why
                    .flatMap(wanted -> wanted
                            ? stored(shard, attempt, since)
                            : Mono.just((ShardOutcome) new ShardOutcome.Unchanged(shard.ref())))
                    .onErrorResume(SluiceException.class, why -> afterFailure(shard, attempt, since, why));
        }

        private Mono<ShardOutcome> stored(ShardRead shard, int attempt, Duration since) {
            return Mono.defer(() -> {
                tell(new Event.ShardStarted(shard.ref(), attempt));
                Tally.Run run = tally.begin(shard.ref(), attempt);
                List<Notice> found = new CopyOnWriteArrayList<>();
                return to.write(shard.ref(), parts(shard, run, found::add), run::stored)
                        .doOnNext(receipt -> {
                            tally.keep(run);
                            found.forEach(this::report);
                        })
                        .doOnError(e -> {
                            tally.drop(run);
                            foundInVain
                                    .computeIfAbsent(shard.ref(), ref -> new LinkedHashSet<>())
                                    .addAll(found);
                        })
                        .doOnCancel(() -> tally.drop(run))
                        .map(receipt -> new ShardOutcome.Stored(receipt, attempt, now().minus(since)));
            });
        }

        private Flux<ShardPart> parts(ShardRead shard, Tally.Run run, Consumer<Notice> found) {
            Flux<ShardPart> parts = limit.map(rate -> rate.hold(shard.parts()))
                    .orElseGet(shard::parts)
                    .doOnNext(part -> run.raw(part.rawBytes()));
            for (ShardStage stage : options.stages()) {
                parts = stage.apply(shard.ref(), parts, found);
            }
            return parts;
        }

        private Mono<ShardOutcome> afterFailure(ShardRead shard, int attempt, Duration since, SluiceException why) {
            if (why instanceof EngineBroken || why instanceof CodecUnavailable) { // nothing is wrong with the shard
                return Mono.error(why);
            }
            if (why instanceof ShardWithdrawn) {
                withdrawn.put(shard.ref(), attempt);
                return Mono.empty();
            }
            if (why instanceof EmptyAnswer) {
                return shard.stillOffered()
                        .onErrorReturn(SluiceException.class, true)
                        .flatMap(offered -> offered
                                ? againOrNot(shard, attempt, since, why)
                                : Mono.just(new ShardOutcome.DroppedMeanwhile(shard.ref())));
            }
            return againOrNot(shard, attempt, since, why);
        }

        private Mono<ShardOutcome> againOrNot(ShardRead shard, int attempt, Duration since, SluiceException why) {
            Optional<Duration> next = from.access() == Access.ONE_PASS ? Optional.empty() : backoff.after(why, attempt);
            return next.map(pause -> {
                        tell(new Event.ShardRetried(shard.ref(), attempt, why, pause));
                        return Mono.<ShardOutcome>error(new Again(pause));
                    })
                    .orElseGet(() -> lastWord(shard.ref(), attempt, since, why));
        }

        private Mono<ShardOutcome> lastWord(ShardRef shard, int attempt, Duration since, SluiceException why) {
            Optional<ShardReceipt> kept = to.keptOf(shard);
            if (kept.isPresent()) {
                foundInVain.getOrDefault(shard, Set.of()).forEach(this::report);
                return Mono.just(new ShardOutcome.Stored(kept.get(), attempt, now().minus(since)));
            }
            return options.skipErrors() ? Mono.just(new ShardOutcome.Failed(shard, why, attempt)) : Mono.error(why);
        }

        private Mono<CopyReport> seal(List<ShardOutcome> fates) {
            List<ShardOutcome> all = new ArrayList<>(fates);
            Set<ShardRef> known = fates.stream().map(ShardOutcome::ref).collect(Collectors.toSet());
            Stream.concat(
                            from.catalog().shards().stream()
                                    .map(Catalog.Entry::ref)
                                    .filter(ref -> !known.contains(ref)),
                            from.catalog().notOffered().stream())
                    .map(ref -> new ShardOutcome.NotOffered(ref, from.absence(ref)))
                    .forEach(all::add);
            sortAsInCatalog(all);
            return to.seal(all)
                    .doOnNext(done -> done.notices().forEach(this::report))
                    .map(done -> new CopyReport(
                            options.task(),
                            source.describe(),
                            done.location(),
                            started,
                            now(),
                            options.compression(),
                            all,
                            tally.retries(),
                            notices));
        }

        private void sortAsInCatalog(List<ShardOutcome> fates) {
            Map<ShardRef, Integer> order = new HashMap<>();
            from.catalog().shards().forEach(entry -> order.put(entry.ref(), order.size()));
            fates.sort(Comparator.comparing(fate -> order.getOrDefault(fate.ref(), Integer.MAX_VALUE)));
        }

        private void warnOfNotOffered(ShardRef ref) {
            Absence absence = from.absence(ref);
            report(Notice.warning("shard %s is in the metadata, but %s".formatted(ref, absence.why()), absence.hint()));
        }

        private void report(Notice notice) {
            notices.add(notice);
            tell(new Event.Told(notice));
        }

        private Duration now() {
            return Duration.ofNanos(timer.now(TimeUnit.NANOSECONDS) - startedAt);
        }

        private void sample() {
            if (telling.isAskedFor()) {
                tell(tally.sample(now()));
            }
        }

        private void tell(Event event) {
            telling.tell(event);
        }
    }
}
