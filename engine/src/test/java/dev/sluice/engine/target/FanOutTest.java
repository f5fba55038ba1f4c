package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.copy.Copy;
import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.flow.Crossing;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.CancelledShards;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.NeverDone;
import dev.sluice.engine.testkit.NoPauses;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class FanOutTest {

    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);
    private static final Catalog CATALOG = new Catalog(Metadata.of(new byte[0]), List.of(), List.of());

    /** Its stage finds damage in every shard. */
    private static final CopyOptions OPTIONS = CopyOptions.of(
            Task.COPY,
            Pace.DEFAULT.withRetries(1),
            List.of((shard, parts, found) ->
                    parts.doOnSubscribe(begun -> found.accept(Notice.damaged("a block of shard " + shard, "")))),
            false,
            Compression.NONE);

    private final AtomicInteger reading = new AtomicInteger();
    private final Scheduler disk = Schedulers.newParallel("disk", 2);

    @AfterEach
    void threadsEnd() {
        disk.dispose();
    }

    @Test
    void leavesNothingOfACancelledShardAtAnyTarget() throws InterruptedException {
        CancelledShards.run(
                150,
                SHARD,
                parts -> written(
                        parts,
                        new Member(taken -> taken),
                        new Member(taken -> taken.transform(Crossing.to(disk, ShardPart::release))),
                        new Member(taken -> taken.transform(Crossing.to(disk, ShardPart::release)))),
                () -> reading.get() == 0);
    }

    @Test
    void leavesNothingOfACancelledShardWhenATargetHasFailed() throws InterruptedException {
        CancelledShards.run(
                150,
                SHARD,
                parts -> written(parts, new Member(taken -> taken), new Member(FanOutTest::broken)),
                () -> reading.get() == 0);
    }

    /** The others have begun by then, and a server has databases that are this restore's. */
    @Test
    void thoseThatHaveBegunGiveUpWhenTheBeginningIsCancelled() {
        var givenUp = new AtomicInteger();
        Target begun = beginning(Mono.just(givingUp(givenUp)));

        new FanOut(List.of(begun, beginning(Mono.never())))
                .begin(CATALOG)
                .subscribe()
                .dispose();

        assertThat(givenUp).hasValue(1);
    }

    @Test
    void thoseThatHaveBegunGiveUpWhenTheBeginningFails() {
        var givenUp = new AtomicInteger();
        Target begun = beginning(Mono.just(givingUp(givenUp)));

        new FanOut(List.of(begun, beginning(Mono.error(new IllegalStateException("a defect")))))
                .begin(CATALOG)
                .as(StepVerifier::create)
                .verifyError(IllegalStateException.class);

        assertThat(givenUp).hasValue(1);
    }

    @Test
    void thoseThatHaveBegunGoOnWhenAllHave() {
        var givenUp = new AtomicInteger();

        new FanOut(List.of(beginning(Mono.just(givingUp(givenUp))), beginning(Mono.just(givingUp(givenUp)))))
                .begin(CATALOG)
                .as(StepVerifier::create)
                .expectNextCount(1)
                .verifyComplete();

        assertThat(givenUp).hasValue(0);
    }

    @Test
    void oneThatCannotBePreparedIsLeftOutAndGivesUp() {
        var givenUp = new AtomicInteger();
        TargetSession session = Objects.requireNonNull(
                new FanOut(List.of(beginning(Mono.just(unprepared(givenUp))), new Member(taken -> taken)))
                        .begin(CATALOG)
                        .block());

        session.prepare().block();
        Sealed sealed = Objects.requireNonNull(session.seal(List.of()).block());

        assertThat(sealed.notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.MISSING);
            assertThat(notice.message()).isEqualTo("a target has nothing: no room");
        });
        assertThat(givenUp).as("what it has made is taken back or told").hasValue(1);
    }

    @Test
    void nothingIsWrittenIfNoneCanBePrepared() {
        var givenUp = new AtomicInteger();
        TargetSession session = Objects.requireNonNull(new FanOut(List.of(beginning(Mono.just(unprepared(givenUp)))))
                .begin(CATALOG)
                .block());

        session.prepare().as(StepVerifier::create).verifyErrorMessage("no room");
        session.abort().block();

        assertThat(givenUp).hasValue(1);
    }

    private static TargetSession unprepared(AtomicInteger givenUp) {
        var inner = givingUp(givenUp);
        return new TargetSession() {
            @Override
            public Mono<Void> prepare() {
                return Mono.error(new RestoreRefused("no room", ""));
            }

            @Override
            public int maxOpenShards() {
                return inner.maxOpenShards();
            }

            @Override
            public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
                return inner.write(shard, parts, stored);
            }

            @Override
            public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
                return inner.seal(outcomes);
            }

            @Override
            public Mono<List<Notice>> abort() {
                return inner.abort();
            }
        };
    }

    /** Shards that fail side by side do not use up their attempts at the same moment. */
    @Test
    void oneThatIsGoneWhileAShardWaitsForItsNextAttemptIsNotWaitedFor() {
        var second = new ShardRef("db", "rp", 8);
        var theSecondHasBegun = Sinks.empty();
        var whenTheFirstIsGivenUp = Sinks.<ShardReceipt>one();
        var whole = new MemoryShards();
        Target gone = writing((shard, attempt) -> {
            if (!shard.equals(SHARD)) {
                theSecondHasBegun.tryEmitEmpty();
                return whenTheFirstIsGivenUp.asMono();
            }
            return attempt == 1
                    ? Mono.error(lost())
                    : theSecondHasBegun.asMono().then(Mono.error(lost()));
        });

        CopyReport report = copied(
                from(SHARD, second),
                event -> {
                    if (event instanceof Event.ShardFinished done
                            && done.outcome().ref().equals(SHARD)) {
                        whenTheFirstIsGivenUp.tryEmitError(lost());
                    }
                },
                whole,
                gone);

        assertThat(whole.shards()).containsOnlyKeys(SHARD, second);
        assertThat(report.stored()).hasSize(2);
        assertThat(report.notices())
                .filteredOn(notice -> notice.kind() == Notice.Kind.MISSING)
                .singleElement()
                .asString()
                .contains("scripted has 0 shards and lacks 2 that others have");
        assertThat(report.notices())
                .as("what was found on the way to the one that has them")
                .filteredOn(notice -> notice.kind() == Notice.Kind.DAMAGED)
                .hasSize(2);
    }

    @Test
    void oneThatFailsForGoodLeavesTheOthersTheirAttempts() {
        Target broken =
                writing((shard, attempt) -> Mono.error(new StoreFailed("the disk is full", "", new IOException("x"))));
        var later = new MemoryShards();
        Target busy = writing((shard, attempt) -> attempt == 1 ? Mono.error(lost()) : Mono.empty(), later);

        CopyReport report = copied(from(SHARD), event -> {}, broken, busy);

        assertThat(later.shards()).containsOnlyKeys(SHARD);
        assertThat(report.retries()).isEqualTo(1);
        assertThat(report.notices())
                .filteredOn(notice -> notice.kind() == Notice.Kind.MISSING)
                .singleElement()
                .asString()
                .contains("lacks 1 that others have", "the disk is full");
    }

    @Test
    void whatNoneHasFailsTheCopy() {
        new Copy(
                        from(SHARD),
                        new FanOut(List.of(
                                writing((shard, attempt) -> Mono.error(lost())),
                                writing((shard, attempt) -> Mono.error(lost())))),
                        OPTIONS,
                        new NoPauses())
                .run(Selection.EVERYTHING)
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .verifyError(ConnectionLost.class);
    }

    /** As of a stream, whose shards have one attempt each. */
    @Test
    void oneThatLosesASingleAttemptGetsTheOtherShards() {
        var second = new ShardRef("db", "rp", 8);
        var third = new ShardRef("db", "rp", 9);
        var memory = new MemoryShards();
        Target once = writing((shard, attempt) -> shard.equals(SHARD) ? Mono.error(lost()) : Mono.empty(), memory);
        var options = CopyOptions.of(
                Task.COPY, Pace.DEFAULT.withRetries(0).withConcurrency(1), List.of(), false, Compression.NONE);

        CopyReport report = Objects.requireNonNull(new Copy(
                        from(SHARD, second, third),
                        new FanOut(List.of(once, new MemoryShards())),
                        options,
                        new NoPauses())
                .run(Selection.EVERYTHING)
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(Duration.ofSeconds(30)));

        assertThat(memory.shards()).containsOnlyKeys(second, third);
        assertThat(report.complete()).isFalse();
        assertThat(report.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("has 2 shards and lacks 1"));
    }

    private static MemoryShards from(ShardRef... shards) {
        var all = new LinkedHashMap<ShardRef, Map<String, byte[]>>();
        for (ShardRef shard : shards) {
            all.put(shard, Answers.files(shard.id(), 2, 3_000));
        }
        return new MemoryShards(all);
    }

    private static SluiceException lost() {
        return new ConnectionLost("the upload", 0, new IOException("reset"));
    }

    private static CopyReport copied(Source from, Consumer<Event> told, Target... to) {
        return Objects.requireNonNull(new Copy(from, new FanOut(List.of(to)), OPTIONS, new NoPauses())
                .run(Selection.EVERYTHING)
                .doOnNext(told)
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(Duration.ofSeconds(30)));
    }

    private static Target writing(BiFunction<ShardRef, Integer, Mono<ShardReceipt>> fate) {
        return writing(fate, new MemoryShards());
    }

    /** @param fate of an attempt, by the shard and its number; one that is empty stores the shard */
    private static Target writing(BiFunction<ShardRef, Integer, Mono<ShardReceipt>> fate, MemoryShards memory) {
        var attempts = new ConcurrentHashMap<ShardRef, Integer>();
        return new Target() {
            @Override
            public String describe() {
                return "scripted";
            }

            @Override
            public Mono<TargetSession> begin(Catalog catalog) {
                return memory.begin(catalog).map(inner -> new TargetSession() {
                    @Override
                    public int maxOpenShards() {
                        return 4;
                    }

                    @Override
                    public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
                        return fate.apply(shard, attempts.merge(shard, 1, Integer::sum))
                                .switchIfEmpty(inner.write(shard, parts, stored));
                    }

                    @Override
                    public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
                        return inner.seal(outcomes);
                    }

                    @Override
                    public Mono<List<Notice>> abort() {
                        return inner.abort();
                    }
                });
            }
        };
    }

    private static Target beginning(Mono<TargetSession> session) {
        return new Target() {
            @Override
            public String describe() {
                return "a target";
            }

            @Override
            public Mono<TargetSession> begin(Catalog catalog) {
                return session;
            }
        };
    }

    private static TargetSession givingUp(AtomicInteger givenUp) {
        return new NeverDone(Mono.fromSupplier(() -> {
            givenUp.incrementAndGet();
            return List.of();
        }));
    }

    private static Mono<ShardReceipt> written(Flux<ShardPart> parts, Target... members) {
        return new FanOut(List.of(members))
                .begin(CATALOG)
                .flatMap(session -> session.write(SHARD, parts, stored -> {}));
    }

    /** A full disk in the middle of a file. */
    private static Flux<ShardPart> broken(Flux<ShardPart> parts) {
        var seen = new AtomicInteger();
        return parts.doOnNext(part -> {
            if (seen.incrementAndGet() == 9) {
                part.release();
                throw new StoreFailed("the disk is full", "", new IOException("no space"));
            }
        });
    }

    /** Keeps shards in memory, which reach it by a way of its own. */
    private final class Member implements Target {
        private final MemoryShards memory = new MemoryShards();
        private final Function<Flux<ShardPart>, Flux<ShardPart>> way;

        private Member(Function<Flux<ShardPart>, Flux<ShardPart>> way) {
            this.way = way;
        }

        @Override
        public String describe() {
            return "memory";
        }

        @Override
        public Mono<TargetSession> begin(Catalog catalog) {
            return memory.begin(catalog).map(Session::new);
        }

        private final class Session implements TargetSession {
            private final TargetSession inner;

            private Session(TargetSession inner) {
                this.inner = inner;
            }

            @Override
            public int maxOpenShards() {
                return inner.maxOpenShards();
            }

            @Override
            public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
                Flux<ShardPart> counted = parts.doOnSubscribe(begun -> reading.incrementAndGet())
                        .doFinally(end -> reading.decrementAndGet());
                return inner.write(shard, way.apply(counted), stored);
            }

            @Override
            public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
                return inner.seal(outcomes);
            }

            @Override
            public Mono<List<Notice>> abort() {
                return inner.abort();
            }
        }
    }
}
