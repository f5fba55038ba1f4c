package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.testkit.RandomCancel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.util.context.Context;

class SpreadTest {

    private final Queue<ByteBuf> buffers = new ConcurrentLinkedQueue<>();

    @Test
    void theSlowestTakerSetsThePace() {
        TestPublisher<ShardPart> source = TestPublisher.create();
        var spread = new Spread(source.flux(), 2);
        var fast = new Taker();
        var slow = new Taker();

        spread.branch().subscribe(fast);
        source.assertWasNotSubscribed();
        spread.branch().subscribe(slow);
        fast.request(100);
        source.assertMinRequested(0);
        slow.request(1);
        source.assertMinRequested(1).assertMaxRequested(1);
        source.next(bytes(7));

        assertThat(fast.taken).hasValue(1);
        assertThat(slow.taken).hasValue(1);
        source.assertMaxRequested(0);
        slow.request(1);
        source.assertMinRequested(1);
        source.complete();
        assertThat(fast.completed).isTrue();
        assertThat(slow.completed).isTrue();
        assertAllReleased();
    }

    /** The last taker may come on another thread at any moment, here in the very first. */
    @Test
    void nobodyIsToldAnEndBeforeTheSubscriptionIsTaken() {
        var spread = new Spread(Flux.error(new IllegalStateException("over")), 2);
        List<String> told = new ArrayList<>();

        spread.branch().subscribe(new CoreSubscriber<>() {
            @Override
            public void onSubscribe(Subscription subscription) {
                spread.branch().onErrorComplete().subscribe();
                told.add("subscription");
            }

            @Override
            public void onNext(ShardPart part) {
                part.release();
            }

            @Override
            public void onError(Throwable failure) {
                told.add(String.valueOf(failure.getMessage()));
            }

            @Override
            public void onComplete() {}
        });

        assertThat(told).containsExactly("subscription", "over");
    }

    @Test
    void theSourceSeesTheContextOfTheTakers() {
        var seen = new ArrayList<String>();
        Flux<ShardPart> source = Flux.deferContextual(context -> {
            seen.add(context.get("request"));
            return Flux.empty();
        });

        new Spread(source, 1)
                .branch()
                .contextWrite(Context.of("request", "7"))
                .as(StepVerifier::create)
                .verifyComplete();

        assertThat(seen).containsExactly("7");
    }

    @Test
    void oneThatLeavesIsNotWaitedForAndTheLastOneCancels() {
        TestPublisher<ShardPart> source = TestPublisher.create();
        var spread = new Spread(source.flux(), 2);
        var stays = new Taker();
        var stalls = new Taker();
        spread.branch().subscribe(stays);
        spread.branch().subscribe(stalls);
        stays.request(2);
        source.assertMinRequested(0);

        stalls.cancel();
        source.assertMinRequested(1);
        source.next(bytes(3));
        assertThat(stays.taken).hasValue(1);
        assertThat(stalls.taken).hasValue(0);
        stays.cancel();

        source.assertCancelled();
        assertAllReleased();
    }

    @Test
    void oneThatNeverComesDoesNotHoldTheOthersUp() {
        var spread = new Spread(Flux.range(0, 5).map(i -> bytes(10)), 2);
        spread.without();

        spread.branch()
                .doOnNext(ShardPart::release)
                .as(StepVerifier::create)
                .expectNextCount(5)
                .expectComplete()
                .verify(Duration.ofSeconds(20));
        assertAllReleased();
    }

    @Test
    void anErrorReachesAll() {
        var spread = new Spread(Flux.error(new IllegalStateException("no")), 2);
        var first = new Taker();
        spread.branch().subscribe(first);
        spread.branch().as(StepVerifier::create).verifyErrorMessage("no");
        assertThat(first.failed).isTrue();
    }

    @Test
    void freesEverythingWhoeverLeavesWhen() throws InterruptedException {
        var random = new Random(3);
        var threads = Executors.newFixedThreadPool(3);
        for (int round = 0; round < 300; round++) {
            var spread = new Spread(
                    Flux.range(0, 200)
                            .map(i -> i % 50 == 0 ? start() : bytes(100))
                            .subscribeOn(Schedulers.parallel())
                            .doOnDiscard(ShardPart.class, ShardPart::release),
                    3);
            var done = new CountDownLatch(3);
            for (int i = 0; i < 3; i++) {
                int stop = random.nextInt(250);
                threads.execute(() -> spread.branch().subscribe(new Taker(stop, done)));
            }
            assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        }
        threads.shutdown();
        assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        assertAllReleased();
    }

    @Test
    void leaksNothingWhenCancelledAnywhere() {
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 2_000; seed++) {
                var random = new Random(seed);
                List<ByteBuf> in = new ArrayList<>();
                for (int i = random.nextInt(12); i >= 0; i--) {
                    in.add(buffer(16));
                }
                var other = new Taker(random.nextInt(2 * in.size()), new CountDownLatch(1));

                cancel.run(seed, in, bytes -> between(bytes, other), ShardPart::release);

                assertThat(buffers).as("seed %d", seed).allMatch(buffer -> buffer.refCnt() == 0);
                buffers.clear();
            }
        }
    }

    /** Two takers: the one under test, and one that leaves by itself, or together with it. */
    private static Flux<ShardPart> between(Flux<ByteBuf> bytes, Taker other) {
        var spread = new Spread(bytes.map(ShardPart.Bytes::new), 2);
        spread.branch().subscribe(other);
        return spread.branch().doFinally(end -> other.cancel());
    }

    private ShardPart bytes(int count) {
        return new ShardPart.Bytes(buffer(count));
    }

    private ShardPart start() {
        return new ShardPart.FileStart("000000001-000000001.tsm", 1, Instant.EPOCH, buffer(512));
    }

    private ByteBuf buffer(int count) {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer(count).writeZero(count);
        buffers.add(buffer);
        return buffer;
    }

    private void assertAllReleased() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (buffers.stream().anyMatch(buffer -> buffer.refCnt() > 0) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(buffers).allMatch(buffer -> buffer.refCnt() == 0);
    }

    /** Takes what it asks for; given a number it asks one by one and leaves after so many. */
    private static final class Taker extends BaseSubscriber<ShardPart> {
        private final AtomicInteger taken = new AtomicInteger();
        private final int stop;
        private final CountDownLatch done;
        private volatile boolean completed;
        private volatile boolean failed;

        Taker() {
            this(Integer.MAX_VALUE, new CountDownLatch(1));
        }

        Taker(int stop, CountDownLatch done) {
            this.stop = stop;
            this.done = done;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            if (stop == 0) {
                cancel();
            } else if (stop < Integer.MAX_VALUE) {
                request(1);
            }
        }

        @Override
        protected void hookOnNext(ShardPart part) {
            part.release();
            if (taken.incrementAndGet() == stop) {
                cancel();
            } else if (stop < Integer.MAX_VALUE) {
                request(1);
            }
        }

        @Override
        protected void hookOnComplete() {
            completed = true;
        }

        @Override
        protected void hookOnError(Throwable failure) {
            failed = true;
        }

        @Override
        protected void hookFinally(SignalType type) {
            done.countDown();
        }
    }
}
