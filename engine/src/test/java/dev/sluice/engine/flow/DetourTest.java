package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.testkit.RandomCancel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.PublisherProbe;
import reactor.test.publisher.TestPublisher;

class DetourTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Queue<Integer> freed = new ConcurrentLinkedQueue<>();
    private final Scheduler side = Schedulers.newSingle("detour-test");

    @AfterEach
    void threadsEnd() {
        side.dispose();
    }

    @Test
    void letsElementsPassAndPutsFluxesInThePlaceOfOthersInOrder() {
        Flux.range(1, 5)
                .transform(detour(n -> switch (n) {
                    case 2 -> Flux.just(20, 21, 22);
                    case 3 -> Flux.empty();
                    case 4 -> Mono.just(40).delayElement(Duration.ofMillis(1)).flux();
                    default -> null;
                }))
                .as(StepVerifier::create)
                .expectNext(1, 20, 21, 22, 40, 5)
                .expectComplete()
                .verify(PATIENCE);
        assertThat(freed).isEmpty();
    }

    @Test
    void doesNotRecurseThroughManyDetoursThatGiveNothing() {
        Flux.range(0, 200_000)
                .transform(detour(n -> n % 2 == 0 ? Flux.empty() : null))
                .as(StepVerifier::create)
                .expectNextCount(100_000)
                .expectComplete()
                .verify(PATIENCE);
    }

    @Test
    void asksUpstreamOnlyWhenThereIsDemandAndNoDetour() {
        TestPublisher<Integer> upstream = TestPublisher.create();
        TestPublisher<Integer> instead = TestPublisher.create();

        upstream.flux()
                .transform(detour(n -> n == 2 ? instead.flux() : null))
                .as(flux -> StepVerifier.create(flux, 0))
                .then(() -> upstream.assertMaxRequested(0))
                .thenRequest(2)
                .then(() -> upstream.assertMinRequested(1).assertMaxRequested(1))
                .then(() -> upstream.next(1))
                .expectNext(1)
                .then(() -> upstream.next(2))
                .then(() -> upstream.assertMaxRequested(0))
                .then(() -> instead.assertMinRequested(1).assertMaxRequested(1))
                .then(() -> instead.next(20))
                .expectNext(20)
                .then(() -> instead.assertMaxRequested(0))
                .then(instead::complete)
                .then(() -> upstream.assertMaxRequested(0))
                .thenRequest(1)
                .then(() -> upstream.assertMinRequested(1))
                .then(upstream::complete)
                .verifyComplete();
    }

    @Test
    void anErrorOfUpstreamComesBehindTheDetour() {
        TestPublisher<Integer> upstream = TestPublisher.create();
        TestPublisher<Integer> instead = TestPublisher.create();
        var broken = new IllegalStateException("broken");

        upstream.flux()
                .transform(detour(n -> instead.flux()))
                .as(StepVerifier::create)
                .then(() -> upstream.next(1))
                .then(() -> upstream.error(broken))
                .then(() -> instead.next(10))
                .expectNext(10)
                .then(instead::complete)
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(broken));
    }

    @Test
    void anErrorOfADetourCancelsUpstream() {
        PublisherProbe<Integer> upstream = PublisherProbe.of(Flux.range(1, 3).concatWith(Flux.never()));
        var broken = new IllegalStateException("broken");

        upstream.flux()
                .transform(detour(n -> n == 2 ? Flux.error(broken) : null))
                .as(StepVerifier::create)
                .expectNext(1)
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(broken));
        upstream.assertWasCancelled();
    }

    /** Upstream has ended by then, and a demand that comes together with the error looks whether that was all. */
    @Test
    void anErrorOfTheLastDetourIsNotTakenForTheEnd() {
        for (int round = 0; round < 5_000; round++) {
            Flux<Integer> broken = Mono.<Integer>error(new IllegalStateException("broken"))
                    .subscribeOn(side)
                    .flux();
            var end = new AtomicReference<@Nullable SignalType>();
            var subscriber = new BaseSubscriber<Integer>() {
                @Override
                protected void hookOnSubscribe(Subscription subscription) {
                    request(1);
                }

                @Override
                protected void hookOnError(Throwable failure) {}

                @Override
                protected void hookFinally(SignalType type) {
                    end.set(type);
                }
            };
            Flux.just(1).transform(detour(n -> broken)).subscribe(subscriber);
            while (end.get() == null) {
                subscriber.request(1);
            }
            assertThat(end).as("round %d", round).hasValue(SignalType.ON_ERROR);
        }
    }

    @Test
    void whatTheFunctionThrowsIsTheError() {
        PublisherProbe<Integer> upstream = PublisherProbe.of(Flux.just(1).concatWith(Flux.never()));
        var broken = new IllegalStateException("broken");

        upstream.flux()
                .transform(detour(n -> {
                    throw broken;
                }))
                .as(StepVerifier::create)
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(broken));
        upstream.assertWasCancelled();
    }

    @Test
    void aCancelEndsTheDetourAndUpstreamAndFreesWhatStillComes() {
        TestPublisher<Integer> upstream = careless();
        TestPublisher<Integer> instead = careless();

        upstream.flux()
                .transform(detour(n -> instead.flux()))
                .as(StepVerifier::create)
                .then(() -> upstream.next(1))
                .thenCancel()
                .verify(PATIENCE);

        upstream.assertCancelled();
        instead.assertCancelled();
        instead.next(10);
        upstream.next(2);
        assertThat(freed).containsExactly(10, 2);
    }

    @Test
    void leaksNothingWhenCancelledAnywhere() {
        Queue<ByteBuf> all = new ConcurrentLinkedQueue<>();
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 3_000; seed++) {
                var random = new Random(seed);
                List<ByteBuf> in = new ArrayList<>();
                for (int i = random.nextInt(8); i >= 0; i--) {
                    in.add(buffer(all));
                }
                boolean away = random.nextBoolean();

                cancel.run(seed, in, Detour.of(bytes -> instead(bytes, all, away), ByteBuf::release), ByteBuf::release);
                Mono.fromRunnable(() -> {}).subscribeOn(side).block(PATIENCE);

                assertThat(all).as("seed %d", seed).allMatch(buffer -> buffer.refCnt() == 0);
                all.clear();
            }
        }
    }

    /** Every other buffer becomes two, here or on a thread of its own. */
    private @Nullable Flux<ByteBuf> instead(ByteBuf bytes, Queue<ByteBuf> all, boolean away) {
        if (bytes.getLong(0) % 2 == 0) {
            return null;
        }
        bytes.release();
        Flux<ByteBuf> two = Flux.generate(() -> 0, (made, sink) -> {
            if (made == 2) {
                sink.complete();
            } else {
                sink.next(buffer(all));
            }
            return made + 1;
        });
        return away ? two.subscribeOn(side) : two;
    }

    private static ByteBuf buffer(Queue<ByteBuf> all) {
        ByteBuf buffer = UnpooledByteBufAllocator.DEFAULT.directBuffer().writeLong(all.size());
        all.add(buffer);
        return buffer;
    }

    /** Goes on when it is cancelled. */
    private static TestPublisher<Integer> careless() {
        return TestPublisher.createNoncompliant(
                TestPublisher.Violation.CLEANUP_ON_TERMINATE, TestPublisher.Violation.REQUEST_OVERFLOW);
    }

    private Function<Flux<Integer>, Flux<Integer>> detour(Function<Integer, @Nullable Flux<Integer>> way) {
        return Detour.of(way, freed::add);
    }
}
