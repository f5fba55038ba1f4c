package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.stage.SlabLine;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class TurnstileTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Scheduler WORKERS = Schedulers.newParallel("workers", 2, true);
    private static final Scheduler SOURCES = Schedulers.newParallel("sources", 4, true);

    private static ByteBuf bytes(int value, int length) {
        byte[] content = new byte[length];
        Arrays.fill(content, (byte) value);
        return PooledByteBufAllocator.DEFAULT.directBuffer(length).writeBytes(content);
    }

    private static Flux<ByteBuf> flow(int value, int buffers, int length) {
        return Flux.range(0, buffers).map(i -> bytes(value, length));
    }

    private static void nothing() {}

    @Test
    void letsThemGoOneAfterTheOther() {
        var turnstile = new Turnstile();
        List<Integer> through = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            int number = i;
            turnstile.enter(turn -> flow(number, 5, 2), TurnstileTest::nothing, () -> through.add(number), why -> {});
        }
        turnstile.close();

        List<Integer> values = turnstile
                .out()
                .map(buffer -> {
                    int value = buffer.readByte();
                    buffer.release();
                    return value;
                })
                .collectList()
                .block(PATIENCE);

        assertThat(values).containsExactly(1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3);
        assertThat(through).containsExactly(1, 2, 3);
    }

    /** An end needs no demand, and may come while the taker is being let in. */
    @Test
    void tellsTheTakerNothingBeforeItsSubscription() {
        var turnstile = new Turnstile();
        List<String> told = new ArrayList<>();

        turnstile.out().subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                CompletableFuture.runAsync(turnstile::close).join();
                told.add("subscribed");
            }

            @Override
            protected void hookOnComplete() {
                told.add("complete");
            }
        });

        assertThat(told).containsExactly("subscribed", "complete");
    }

    @Test
    void theEndOfTheMemoryAtTheWayOutEndsItForAll() {
        var turnstile = new Turnstile();
        List<Throwable> failed = new ArrayList<>();
        for (int i = 1; i <= 2; i++) {
            turnstile.enter(turn -> flow(1, 5, 2), TurnstileTest::nothing, TurnstileTest::nothing, failed::add);
        }

        turnstile
                .out()
                .doOnNext(buffer -> {
                    buffer.release();
                    throw new OutOfMemoryError("so says the test");
                })
                .as(StepVerifier::create)
                .expectError(EngineBroken.class)
                .verify(PATIENCE);

        assertThat(failed).hasSize(2).allMatch(EngineBroken.class::isInstance);
    }

    @Test
    void whoFailsBeforeHisTurnIsGoneWithoutATrace() {
        var turnstile = new Turnstile();
        var why = new AtomicReference<Throwable>();
        turnstile.enter(turn -> flow(1, 3, 2), TurnstileTest::nothing, TurnstileTest::nothing, e -> {});
        ByteBuf lost = bytes(2, 2);
        turnstile.enter(
                turn -> Flux.just(lost).concatWith(Flux.error(new IOException("no"))),
                TurnstileTest::nothing,
                TurnstileTest::nothing,
                why::set);
        turnstile.enter(turn -> flow(3, 1, 2), TurnstileTest::nothing, TurnstileTest::nothing, e -> {});
        turnstile.close();

        assertThat(why.get()).hasMessage("no");
        assertThat(lost.refCnt()).isZero();
        turnstile
                .out()
                .map(buffer -> {
                    int value = buffer.readByte();
                    buffer.release();
                    return value;
                })
                .as(StepVerifier::create)
                .expectNext(1, 1, 1, 3)
                .expectComplete()
                .verify(PATIENCE);
    }

    @Test
    void whoFailsInHisTurnEndsItForAll() {
        var turnstile = new Turnstile();
        Queue<Throwable> failed = new ConcurrentLinkedQueue<>();
        turnstile.enter(
                turn -> flow(1, 3, 2).concatWith(Flux.error(new IOException("cut"))),
                TurnstileTest::nothing,
                TurnstileTest::nothing,
                failed::add);
        turnstile.enter(turn -> flow(2, 3, 2), TurnstileTest::nothing, TurnstileTest::nothing, failed::add);

        turnstile
                .out()
                .doOnNext(ByteBuf::release)
                .then()
                .as(StepVerifier::create)
                .expectErrorMessage("cut")
                .verify(PATIENCE);

        assertThat(failed).hasSize(2).allSatisfy(e -> assertThat(e).hasMessage("cut"));
    }

    /** Half a shard must neither be followed by another one nor be taken for all of it. */
    @Test
    void nothingComesBehindATurnThatWasCancelledInItsMiddle() throws Exception {
        var random = new Random(7);
        for (int round = 0; round < 30_000; round++) {
            Queue<ByteBuf> made = new ConcurrentLinkedQueue<>();
            List<Integer> values = new ArrayList<>();
            var end = new AtomicReference<@Nullable SignalType>();
            var turnstile = new Turnstile();
            var cancelled = turnstile.enter(
                    turn -> flow(1, 6, 1).doOnNext(made::add),
                    TurnstileTest::nothing,
                    TurnstileTest::nothing,
                    why -> {});
            turnstile.enter(
                    turn -> flow(2, 1, 1).doOnNext(made::add),
                    TurnstileTest::nothing,
                    TurnstileTest::nothing,
                    why -> {});
            turnstile.close();
            var out = new BaseSubscriber<ByteBuf>() {
                @Override
                protected void hookOnSubscribe(Subscription subscription) {
                    request(1);
                }

                @Override
                protected void hookOnNext(ByteBuf buffer) {
                    values.add((int) buffer.readByte());
                    buffer.release();
                }

                @Override
                protected void hookOnError(Throwable failure) {}

                @Override
                protected void hookFinally(SignalType type) {
                    end.set(type);
                }
            };
            turnstile.out().subscribe(out);
            int spins = random.nextInt(200);
            var cancelling = CompletableFuture.runAsync(() -> {
                for (int i = 0; i < spins; i++) {
                    Thread.onSpinWait();
                }
                cancelled.cancel();
            });
            for (int i = 0; i < 10 && end.get() == null; i++) {
                out.request(1);
            }
            cancelling.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

            boolean whole = Collections.frequency(values, 1) == 6;
            assertThat(whole || !values.contains(2))
                    .as("round %d: %s", round, values)
                    .isTrue();
            assertThat(end)
                    .as("round %d: %s", round, values)
                    .hasValue(whole && values.contains(2) ? SignalType.ON_COMPLETE : SignalType.ON_ERROR);
            assertThat(made).as("round %d", round).allMatch(buffer -> buffer.refCnt() == 0);
        }
    }

    /** The property that a stream hangs on: whoever is first gets memory, however little there is and whoever waits. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void theFirstInLineAlwaysGetsMemory(long seed) throws InterruptedException {
        var random = new Random(seed);
        int slabs = 1 + random.nextInt(6);
        long slabBytes = SlabLine.SLAB_BYTES * 2L + 10_000;
        Compression compression = random.nextBoolean() ? Compression.ZSTD : Compression.NONE;
        try (var line = SlabLine.open(compression, slabs * slabBytes, WORKERS, 2)) {
            var turnstile = new Turnstile();
            int turns = 3 + random.nextInt(12);
            var through = new AtomicInteger();
            for (int i = 0; i < turns; i++) {
                int buffers = 1 + random.nextInt(40);
                int value = i;
                var standing = line.pool().standing();
                turnstile.enter(
                        turn -> flow(value, buffers, 100_000)
                                .subscribeOn(SOURCES)
                                .transform(line.through("f", standing)),
                        standing::first,
                        through::incrementAndGet,
                        why -> {});
            }
            turnstile.close();

            var done = new CountDownLatch(1);
            turnstile.out().subscribe(slowly(random, done));

            assertThat(done.await(20, TimeUnit.SECONDS))
                    .as("%d turns over %s", turns, line.pool())
                    .isTrue();
            assertThat(through).hasValue(turns);
            assertThat(line.pool().outstanding()).isZero();
        }
    }

    private static BaseSubscriber<ByteBuf> slowly(Random random, CountDownLatch done) {
        return new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                request(1);
            }

            @Override
            protected void hookOnNext(ByteBuf buffer) {
                buffer.release();
                if (random.nextInt(5) == 0) {
                    WORKERS.schedule(() -> request(1), random.nextInt(3), TimeUnit.MILLISECONDS);
                } else {
                    request(1);
                }
            }

            @Override
            protected void hookOnComplete() {
                done.countDown();
            }
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24, 25, 26, 27, 28, 29, 30})
    void givesAllMemoryBackWhenItIsCancelledAnywhere(long seed) throws InterruptedException {
        var random = new Random(seed);
        try (var line = SlabLine.open(Compression.ZSTD, 12L << 20, WORKERS, 2)) {
            for (int round = 0; round < 10; round++) {
                var turnstile = new Turnstile();
                List<Turnstile.Turn> turns = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    var standing = line.pool().standing();
                    turns.add(turnstile.enter(
                            turn -> flow(1, 40, 100_000).subscribeOn(SOURCES).transform(line.through("f", standing)),
                            standing::first,
                            TurnstileTest::nothing,
                            why -> {}));
                }
                Disposable out = turnstile.out().subscribe(ByteBuf::release, why -> {});
                Thread.sleep(random.nextInt(15));
                Collections.shuffle(turns, random);
                turns.subList(0, random.nextInt(3)).forEach(Turnstile.Turn::cancel);
                if (random.nextBoolean()) {
                    out.dispose();
                }
                turnstile.fail(new IOException("over"));
                long deadline = System.nanoTime() + PATIENCE.toNanos();
                while (line.pool().outstanding() > 0 && System.nanoTime() < deadline) {
                    Thread.onSpinWait();
                }
                assertThat(line.pool().outstanding()).isZero();
            }
        }
    }
}
