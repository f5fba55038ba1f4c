package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.testkit.RandomCancel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class UnfoldTest {

    private static final int PATIENCE_SECONDS = 20;

    private final List<ByteBuf> inputs = new ArrayList<>();
    private final AtomicInteger closed = new AtomicInteger();
    private volatile boolean running;

    @AfterEach
    void everyBufferIsReleasedAndEveryUnfolderClosed() {
        assertThat(inputs).allMatch(buffer -> buffer.refCnt() == 0);
        assertThat(closed).hasPositiveValue();
    }

    @Test
    void givesAllElementsOfAllBuffersInOrderAndTheLast() {
        Flux.just(buffer(2), buffer(0), buffer(3))
                .transform(bytes())
                .doOnNext(ByteBuf::release)
                .map(ByteBuf::capacity)
                .as(StepVerifier::create)
                .expectNext(1, 1, 1, 1, 1, 99)
                .verifyComplete();
        assertThat(closed).hasValue(1);
    }

    @Test
    void asksForABufferOnlyWhenThereIsDemandAndTheOneBeforeIsUsedUp() {
        TestPublisher<ByteBuf> source = TestPublisher.create();

        source.flux()
                .transform(bytes())
                .as(flux -> StepVerifier.create(flux, 0))
                .then(() -> source.assertMaxRequested(0))
                .thenRequest(1)
                .then(() -> source.assertMinRequested(1).assertMaxRequested(1))
                .then(() -> source.next(buffer(2)))
                .consumeNextWith(ByteBuf::release)
                .thenRequest(1)
                .consumeNextWith(ByteBuf::release)
                .then(source::complete)
                .expectNoEvent(Duration.ofMillis(20))
                .thenRequest(1)
                .consumeNextWith(ByteBuf::release)
                .verifyComplete();
    }

    @Test
    void whatTheUnfolderThrowsEndsTheFlux() {
        var broken = new IllegalStateException("broken");
        TestPublisher<ByteBuf> source = TestPublisher.create();

        source.flux()
                .transform(stage(() -> {
                    throw broken;
                }))
                .as(StepVerifier::create)
                .then(() -> source.next(buffer(2)))
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(broken));

        source.assertCancelled();
        assertThat(closed).hasValue(1);
    }

    /** Reactor would throw it at the event loop. */
    @Test
    void aMissingClassEndsTheFluxToo() {
        TestPublisher<ByteBuf> source = TestPublisher.create();

        source.flux()
                .transform(stage(() -> {
                    throw new NoClassDefFoundError("com/example/Decoder");
                }))
                .as(StepVerifier::create)
                .then(() -> source.next(buffer(2)))
                .verifyError(EngineBroken.class);

        source.assertCancelled();
        assertThat(closed).hasValue(1);
    }

    @Test
    void nothingIsFreedUnderARunningUnfolder() throws InterruptedException {
        var inside = new CountDownLatch(1);
        var cancelled = new CountDownLatch(1);
        Flux<ByteBuf> elements = Flux.just(buffer(2)).transform(stage(() -> {
            inside.countDown();
            awaitOrFail(cancelled);
        }));
        var subscriber = new BaseSubscriber<ByteBuf>() {};
        var worker = new Thread(() -> elements.subscribe(subscriber));
        worker.start();

        awaitOrFail(inside);
        subscriber.cancel();
        assertThat(closed).hasValue(0);
        assertThat(inputs.get(0).refCnt()).isPositive();
        cancelled.countDown();
        worker.join();
    }

    @Test
    void leaksNothingWhenCancelledAnywhere() {
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 3_000; seed++) {
                var random = new Random(seed);
                List<ByteBuf> in = new ArrayList<>();
                for (int i = random.nextInt(6); i >= 0; i--) {
                    in.add(buffer(random.nextInt(4)));
                }
                closed.set(0);

                cancel.run(seed, in, bytes(), ByteBuf::release);

                assertThat(inputs).as("seed %d", seed).allMatch(buffer -> buffer.refCnt() == 0);
                assertThat(closed).as("seed %d", seed).hasValue(1);
                inputs.clear();
            }
        }
    }

    private Function<Flux<ByteBuf>, Flux<ByteBuf>> bytes() {
        return stage(() -> {});
    }

    /** One element of one byte for each byte that comes in, and one of 99 at the end. */
    private Function<Flux<ByteBuf>, Flux<ByteBuf>> stage(Runnable meanwhile) {
        return Unfold.of(() -> new Bytes(meanwhile), ByteBuf::release);
    }

    private ByteBuf buffer(int bytes) {
        ByteBuf buffer = UnpooledByteBufAllocator.DEFAULT.directBuffer().writeZero(bytes);
        inputs.add(buffer);
        return buffer;
    }

    private final class Bytes implements Unfolder<ByteBuf> {
        private final Runnable meanwhile;
        private @Nullable ByteBuf in;

        private Bytes(Runnable meanwhile) {
            this.meanwhile = meanwhile;
        }

        @Override
        public void take(ByteBuf bytes) {
            assertThat(in).isNull();
            in = bytes;
        }

        @Override
        public @Nullable ByteBuf next() {
            assertThat(running).as("two calls at once").isFalse();
            running = true;
            try {
                meanwhile.run();
                ByteBuf from = in;
                if (from == null || !from.isReadable()) {
                    release();
                    return null;
                }
                return from.readRetainedSlice(1);
            } finally {
                running = false;
            }
        }

        @Override
        public ByteBuf end() {
            return UnpooledByteBufAllocator.DEFAULT.directBuffer(99).writeByte(1);
        }

        @Override
        public void close() {
            assertThat(running).isFalse();
            release();
            closed.incrementAndGet();
        }

        private void release() {
            if (in != null) {
                in.release();
                in = null;
            }
        }
    }

    private static void awaitOrFail(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
