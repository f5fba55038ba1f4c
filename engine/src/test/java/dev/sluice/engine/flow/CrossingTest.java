package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.testkit.RandomCancel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.publisher.TestPublisher.Violation;
import reactor.test.scheduler.VirtualTimeScheduler;

class CrossingTest {

    private static final int LONG = 50_000;

    private final Queue<ByteBuf> buffers = new ConcurrentLinkedQueue<>();
    private final Scheduler workers = Schedulers.newParallel("workers", 2);

    @AfterEach
    void everyBufferIsReleased() {
        workers.dispose();
        assertThat(buffers).allMatch(buffer -> buffer.refCnt() == 0);
    }

    @Test
    void keepsTheOrderAndCallsOneAfterTheOtherOnTheWorkers() {
        var inside = new AtomicInteger();
        Flux.range(0, LONG)
                .transform(Crossing.to(workers, i -> {}))
                .doOnNext(i -> {
                    assertThat(Thread.currentThread().getName()).startsWith("workers");
                    assertThat(inside.incrementAndGet()).isOne();
                    inside.decrementAndGet();
                })
                .collectList()
                .as(StepVerifier::create)
                .expectNext(IntStream.range(0, LONG).boxed().toList())
                .verifyComplete();
    }

    @Test
    void asksForNothingBeforeThereIsDemandAndThenForABoundedNumberAhead() {
        TestPublisher<ByteBuf> source = TestPublisher.create();
        var here = VirtualTimeScheduler.create();

        source.flux()
                .transform(Crossing.to(here, ByteBuf::release))
                .as(flux -> StepVerifier.create(flux, 0))
                .then(() -> source.assertMaxRequested(0))
                .thenRequest(1)
                .then(here::advanceTime)
                .then(() -> source.assertMinRequested(Crossing.AHEAD).assertMaxRequested(Crossing.AHEAD))
                .then(() -> IntStream.range(0, Crossing.AHEAD).forEach(i -> source.next(buffer())))
                .then(here::advanceTime)
                .consumeNextWith(ByteBuf::release)
                .then(() -> source.assertMaxRequested(Crossing.AHEAD))
                .thenCancel()
                .verify();
    }

    @Test
    void anErrorComesBehindWhatCameBeforeIt() {
        var broken = new IllegalStateException("broken");
        Flux.just(1, 2, 3)
                .concatWith(Flux.error(broken))
                .transform(Crossing.to(workers, i -> {}))
                .as(StepVerifier::create)
                .expectNext(1, 2, 3)
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(broken));
    }

    @Test
    void whoClosesTheWorkersEndsItAndNothingStaysBehind() {
        TestPublisher<ByteBuf> source = TestPublisher.createNoncompliant(Violation.REQUEST_OVERFLOW);

        source.flux()
                .transform(Crossing.to(workers, ByteBuf::release))
                .as(StepVerifier::create)
                .then(() -> source.next(buffer()))
                .consumeNextWith(ByteBuf::release)
                .then(workers::dispose)
                .then(() -> source.next(buffer()))
                .expectError(RejectedExecutionException.class)
                .verify(Duration.ofSeconds(20));
        source.assertCancelled();
    }

    @Test
    void everyBufferIsReleasedWheneverItIsCancelled() throws Exception {
        try (var runs = new RandomCancel()) {
            for (int seed = 0; seed < 3_000; seed++) {
                runs.run(
                        seed,
                        IntStream.range(0, 20).mapToObj(i -> buffer()).toList(),
                        Crossing.to(workers, ByteBuf::release),
                        ByteBuf::release);
            }
        }
        // What was on its way to the sink when the cancel came is released there, by a worker.
        workers.disposeGracefully().block(Duration.ofSeconds(20));
    }

    private ByteBuf buffer() {
        ByteBuf buffer = UnpooledByteBufAllocator.DEFAULT.heapBuffer(16);
        buffers.add(buffer);
        return buffer;
    }
}
