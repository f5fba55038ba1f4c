package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class CancelOnTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scheduler blocking = Uninterrupted.on(Schedulers.newBoundedElastic(1, 100, "cancel-on"));
    private final CompletableFuture<String> cancelledBy = new CompletableFuture<>();
    private final Flux<Integer> never = Flux.<Integer>never()
            .doOnCancel(() -> cancelledBy.complete(Thread.currentThread().getName()));

    @AfterEach
    void stop() {
        blocking.dispose();
    }

    @Test
    void passesOnAllThatComes() {
        Flux.range(0, 1_000)
                .transform(CancelOn.threads(blocking))
                .as(source -> StepVerifier.create(source, 3))
                .expectNext(0, 1, 2)
                .thenRequest(Long.MAX_VALUE)
                .expectNextCount(997)
                .expectComplete()
                .verify(PATIENCE);
        Flux.error(new IllegalStateException("broken"))
                .transform(CancelOn.threads(blocking))
                .as(StepVerifier::create)
                .expectErrorMessage("broken")
                .verify(PATIENCE);
    }

    @Test
    void cancelsWhereItMayBlock() throws Exception {
        never.transform(CancelOn.threads(blocking)).subscribe().dispose();

        assertThat(cancelledBy.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).startsWith("cancel-on");
    }

    @Test
    void cancelsHereWhenThereIsNoThreadAnyMore() {
        blocking.dispose();
        never.transform(CancelOn.threads(blocking)).subscribe().dispose();

        assertThat(cancelledBy).isCompletedWithValue(Thread.currentThread().getName());
    }
}
