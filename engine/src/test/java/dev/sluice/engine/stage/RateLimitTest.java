package dev.sluice.engine.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.testkit.RandomCancel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.scheduler.VirtualTimeScheduler;

class RateLimitTest {

    private final VirtualTimeScheduler clock = VirtualTimeScheduler.create();
    private final RateLimit limit = new RateLimit(8, clock);

    @Test
    void staysUnderTheRateOverAllThatShareIt() {
        List<ShardPart> passed = new ArrayList<>();

        for (int shard = 0; shard < 2; shard++) {
            limit.hold(Flux.just(part(8), part(8))).doOnNext(ShardPart::release).subscribe(passed::add);
        }

        assertThat(passed).hasSize(1);
        clock.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(passed).hasSize(2);
        clock.advanceTimeBy(Duration.ofSeconds(2));
        assertThat(passed).hasSize(4);
    }

    /** What is not asked for stays on the other side of the socket. */
    @Test
    void asksForNothingThatMayNotPassYet() {
        var source = TestPublisher.<ShardPart>create();

        StepVerifier.create(limit.hold(source.flux()), 2)
                .then(() -> source.assertMaxRequested(1).next(part(8)))
                .consumeNextWith(ShardPart::release)
                .then(() -> source.assertMaxRequested(0)) // it counts what was asked for and has not come
                .then(() -> clock.advanceTimeBy(Duration.ofMillis(999)))
                .then(() -> source.assertMaxRequested(0))
                .then(() -> clock.advanceTimeBy(Duration.ofMillis(1)))
                .then(() -> source.next(part(1)))
                .consumeNextWith(ShardPart::release)
                .then(source::complete)
                .verifyComplete();
    }

    @Test
    void passesAnErrorWhileItWaits() {
        var source = TestPublisher.<ShardPart>create();

        StepVerifier.create(limit.hold(source.flux()))
                .then(() -> source.next(part(80)))
                .consumeNextWith(ShardPart::release)
                .then(() -> source.error(new IllegalStateException("reset")))
                .verifyErrorMessage("reset");
    }

    @Test
    void leaksNothingWhenCancelledAnywhere() {
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 1_000; seed++) {
                var random = new Random(seed);
                List<ByteBuf> in = new ArrayList<>();
                for (int i = random.nextInt(12); i >= 0; i--) {
                    in.add(Unpooled.buffer().writeZero(1 + random.nextInt(20)));
                }
                List<ByteBuf> all = List.copyOf(in);
                var fast = new RateLimit(1_000_000, Schedulers.parallel());

                cancel.run(seed, in, bytes -> fast.hold(bytes.map(ShardPart.Bytes::new)), ShardPart::release);

                assertThat(all).as("seed %d", seed).allMatch(buffer -> buffer.refCnt() == 0);
            }
        }
    }

    private static ShardPart part(int bytes) {
        return new ShardPart.Bytes(Unpooled.buffer().writeZero(bytes));
    }
}
