package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.flow.Crossing;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.CancelledShards;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.NeverDone;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class FanOutTest {

    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);
    private static final Catalog CATALOG = new Catalog(Metadata.of(new byte[0]), List.of(), List.of());

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

        new FanOut(List.of(begun, beginning(Mono.never())), 0)
                .begin(CATALOG)
                .subscribe()
                .dispose();

        assertThat(givenUp).hasValue(1);
    }

    @Test
    void thoseThatHaveBegunGiveUpWhenTheBeginningFails() {
        var givenUp = new AtomicInteger();
        Target begun = beginning(Mono.just(givingUp(givenUp)));

        new FanOut(List.of(begun, beginning(Mono.error(new IllegalStateException("a defect")))), 0)
                .begin(CATALOG)
                .as(StepVerifier::create)
                .verifyError(IllegalStateException.class);

        assertThat(givenUp).hasValue(1);
    }

    @Test
    void thoseThatHaveBegunGoOnWhenAllHave() {
        var givenUp = new AtomicInteger();

        new FanOut(List.of(beginning(Mono.just(givingUp(givenUp))), beginning(Mono.just(givingUp(givenUp)))), 0)
                .begin(CATALOG)
                .as(StepVerifier::create)
                .expectNextCount(1)
                .verifyComplete();

        assertThat(givenUp).hasValue(0);
    }

    @Test
    void oneThatCannotBePreparedIsLeftOutAndGivesUp() {
        var givenUp = new AtomicInteger();
        TargetSession session = Objects.requireNonNull(new FanOut(
                        List.of(beginning(Mono.just(unprepared(givenUp))), new Member(taken -> taken)), 0)
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
        TargetSession session = Objects.requireNonNull(new FanOut(List.of(beginning(Mono.just(unprepared(givenUp)))), 0)
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
        return new FanOut(List.of(members), 0)
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
