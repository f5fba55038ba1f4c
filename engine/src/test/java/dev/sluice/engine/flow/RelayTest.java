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
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class RelayTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Test
    void oneReaderTakesUpToItsEndAndTheNextTheRest() {
        var relay = new Relay<Integer>(left -> {});
        Flux.range(1, 6).subscribe(relay);

        relay.until(n -> n == 2)
                .as(StepVerifier::create)
                .expectNext(1, 2)
                .expectComplete()
                .verify(PATIENCE);
        relay.until(n -> n == 4)
                .as(StepVerifier::create)
                .expectNext(3, 4)
                .expectComplete()
                .verify(PATIENCE);
        relay.until(n -> false)
                .as(StepVerifier::create)
                .expectNext(5, 6)
                .expectComplete()
                .verify(PATIENCE);
    }

    /** The end of upstream needs no demand, and may come while a reader is being let in. */
    @Test
    void tellsAReaderNothingBeforeItsSubscription() {
        var relay = new Relay<Integer>(left -> {});
        TestPublisher<Integer> upstream = TestPublisher.create();
        upstream.subscribe(relay);
        List<String> told = new ArrayList<>();

        relay.until(n -> false).subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                CompletableFuture.runAsync(upstream::complete).join();
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
    void asksForNothingWhileNobodyReads() {
        var relay = new Relay<Integer>(left -> {});
        TestPublisher<Integer> upstream = TestPublisher.create();
        upstream.subscribe(relay);

        upstream.assertWasNotRequested();
        relay.until(n -> false)
                .as(flux -> StepVerifier.create(flux, 1))
                .then(() -> upstream.next(1))
                .expectNext(1)
                .thenCancel()
                .verify(PATIENCE);
        relay.close();

        upstream.assertCancelled();
    }

    /** Its operators throw it up to whoever brings the element, who may well tell it as an error: to nobody, then. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReaderThatMeetsTheEndOfTheMemoryIsToldSo(boolean atItsLast) {
        var relay = new Relay<Integer>(left -> {});
        Flux.range(1, 3).subscribe(relay);

        relay.until(n -> atItsLast)
                .doOnNext(n -> {
                    throw new OutOfMemoryError("so says the test");
                })
                .as(StepVerifier::create)
                .expectError(EngineBroken.class)
                .verify(PATIENCE);
    }

    @Test
    void leaksNothingWhenCancelledAnywhere() {
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 3_000; seed++) {
                List<ByteBuf> in = new ArrayList<>();
                for (int i = new Random(seed).nextInt(8); i >= 0; i--) {
                    in.add(UnpooledByteBufAllocator.DEFAULT.directBuffer().writeLong(i));
                }

                cancel.run(seed, List.copyOf(in), RelayTest::throughTwoReaders, ByteBuf::release);

                assertThat(in).as("seed %d", seed).allMatch(buffer -> buffer.refCnt() == 0);
            }
        }
    }

    private static Flux<ByteBuf> throughTwoReaders(Flux<ByteBuf> in) {
        return Flux.using(
                () -> {
                    var relay = new Relay<ByteBuf>(ByteBuf::release);
                    in.subscribe(relay);
                    return relay;
                },
                relay -> relay.until(buffer -> buffer.getLong(0) % 3 == 0).concatWith(relay.until(buffer -> false)),
                Relay::close);
    }
}
