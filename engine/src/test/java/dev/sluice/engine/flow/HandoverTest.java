package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOError;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class HandoverTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scheduler one = Uninterrupted.on(Schedulers.newBoundedElastic(1, 100, "handover"));
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicInteger given = new AtomicInteger();
    private final AtomicInteger undone = new AtomicInteger();
    private final Mono<Integer> handover = Handover.of(made::incrementAndGet, value -> undone.incrementAndGet(), one);

    @AfterEach
    void stop() {
        one.dispose();
    }

    @Test
    void givesWhatWasMade() {
        handover.as(StepVerifier::create).expectNext(1).expectComplete().verify(PATIENCE);
        handover.as(StepVerifier::create).expectNext(2).expectComplete().verify(PATIENCE);

        assertThat(undone).hasValue(0);
    }

    @Test
    void waitsUntilItIsAskedFor() {
        StepVerifier.create(handover, 0)
                .expectSubscription()
                .then(() -> await(() -> made.get() == 1))
                .thenRequest(1)
                .expectNext(1)
                .expectComplete()
                .verify(PATIENCE);

        assertThat(undone).hasValue(0);
    }

    @Test
    void undoesWhatNobodyAskedFor() {
        StepVerifier.create(handover, 0)
                .expectSubscription()
                .then(() -> await(() -> made.get() == 1))
                .thenCancel()
                .verify(PATIENCE);

        await(() -> undone.get() == 1);
    }

    @Test
    void undoesWhatWasMadeMeanwhile() {
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Disposable run = Handover.of(
                        () -> {
                            begun.countDown();
                            goOn.await();
                            return made.incrementAndGet();
                        },
                        value -> undone.incrementAndGet(),
                        one)
                .subscribe();
        await(() -> begun.getCount() == 0);
        run.dispose();
        goOn.countDown();

        await(() -> undone.get() == 1);
    }

    @Test
    void makesNothingForOneWhoHasLeft() {
        var goOn = new CountDownLatch(1);
        one.schedule(() -> await(() -> goOn.getCount() == 0));
        handover.subscribe().dispose();
        goOn.countDown();

        one.disposeGracefully().block(PATIENCE);
        assertThat(made).hasValue(0);
        assertThat(undone).hasValue(0);
    }

    @Test
    void tellsWhyThereIsNone() {
        Handover.of(
                        () -> {
                            throw new IOException("no disk");
                        },
                        value -> undone.incrementAndGet(),
                        one)
                .as(StepVerifier::create)
                .expectErrorMessage("no disk")
                .verify(PATIENCE);
        Handover.of(() -> null, value -> undone.incrementAndGet(), one)
                .as(StepVerifier::create)
                .expectComplete()
                .verify(PATIENCE);
        one.dispose();
        handover.as(StepVerifier::create)
                .expectError(RejectedExecutionException.class)
                .verify(PATIENCE);

        assertThat(undone).hasValue(0);
    }

    @Test
    void tellsOfAnErrorThatIsNoException() {
        Handover.of(
                        () -> {
                            throw new IOError(new IOException("no disk"));
                        },
                        value -> undone.incrementAndGet(),
                        one)
                .as(StepVerifier::create)
                .expectError(IOError.class)
                .verify(PATIENCE);
    }

    @Test
    void isGivenOrUndoneWheneverItIsCancelled() {
        var random = new Random(7);
        int rounds = 5_000;
        for (int round = 0; round < rounds; round++) {
            var run = new BaseSubscriber<Integer>() {
                @Override
                protected void hookOnNext(Integer value) {
                    given.incrementAndGet(); // even behind its cancel
                }
            };
            handover.subscribe(run);
            for (int spins = random.nextInt(4_000); spins > 0; spins--) {
                Thread.onSpinWait();
            }
            run.dispose();
        }
        one.disposeGracefully().block(PATIENCE);

        assertThat(given.get()).isPositive().isLessThan(rounds);
        assertThat(given.get() + undone.get()).isEqualTo(made.get());
    }

    private static void await(BooleanSupplier until) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!until.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
