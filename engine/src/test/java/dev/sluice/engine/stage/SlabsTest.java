package dev.sluice.engine.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.testkit.RandomCancel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class SlabsTest {

    private final SlabPool pool = new SlabPool(8, 0, 16);
    private final TestPublisher<ByteBuf> upstream = TestPublisher.create();

    @Test
    void gathersSmallBuffersAndCutsLargeOnes() {
        Flux<ByteBuf> bytes = Flux.just(text("abc"), text("defghijklmnopqrst"), text("u"));

        bytes.transform(Slabs.fill(pool))
                .map(SlabsTest::taken)
                .as(StepVerifier::create)
                .expectNext("abcdefgh", "ijklmnop", "qrstu")
                .verifyComplete();

        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void givesNothingForNothing() {
        Flux.<ByteBuf>empty()
                .transform(Slabs.fill(pool))
                .as(StepVerifier::create)
                .verifyComplete();

        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void asksForNothingWithoutDemand() {
        upstream.flux()
                .transform(Slabs.fill(pool))
                .as(bytes -> StepVerifier.create(bytes, 0))
                .then(() -> upstream.assertMinRequested(0))
                .then(() -> assertThat(pool.outstanding()).isZero())
                .thenRequest(1)
                .then(() -> upstream.assertMinRequested(1))
                .then(upstream::complete)
                .verifyComplete();
    }

    @Test
    void asksForNothingWhileThereIsNoSlab() {
        List<ByteBuf> hogged = new ArrayList<>();
        pool.acquire(hogged::add);
        pool.acquire(hogged::add);

        upstream.flux()
                .transform(Slabs.fill(pool))
                .map(SlabsTest::taken)
                .as(StepVerifier::create)
                .then(() -> upstream.assertMinRequested(0))
                .then(() -> hogged.forEach(ByteBuf::release))
                .then(() -> upstream.assertMinRequested(1))
                .then(() -> upstream.next(text("x")).complete())
                .expectNext("x")
                .verifyComplete();

        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void releasesAllOnError() {
        ByteBuf given = text("abc");

        upstream.flux()
                .transform(Slabs.fill(pool))
                .as(StepVerifier::create)
                .then(() -> upstream.next(given).error(new IllegalStateException("cut")))
                .verifyErrorMessage("cut");

        assertThat(given.refCnt()).isZero();
        assertThat(pool.outstanding()).isZero();
    }

    /** It is thrown at whatever thread brings bytes or demand; an event loop would only log it. */
    @Test
    void theEndOfTheMemoryIsToldToTheSubscriber() {
        var full = new SlabPool(8, 0, 16, length -> {
            throw new OutOfMemoryError("so says the test");
        });

        upstream.flux()
                .transform(Slabs.fill(full))
                .as(StepVerifier::create)
                .expectError(EngineBroken.class)
                .verify(Duration.ofSeconds(20));

        upstream.assertCancelled();
        assertThat(full.outstanding()).isZero();
    }

    @Test
    void releasesAllOnCancelWhileABufferWaitsForMemory() {
        List<ByteBuf> slabs = new ArrayList<>();
        ByteBuf given = text("0123456789abcdefXYZ");

        upstream.flux()
                .transform(Slabs.fill(pool))
                .doOnNext(slabs::add)
                .as(StepVerifier::create)
                .then(() -> upstream.next(given))
                .expectNextCount(2)
                .then(() -> assertThat(given.refCnt()).isOne())
                .thenCancel()
                .verify();

        assertThat(given.refCnt()).isZero();
        slabs.forEach(ByteBuf::release);
        assertThat(pool.outstanding()).isZero();
        upstream.assertCancelled();
    }

    @RepeatedTest(50)
    void keepsEveryByteInOrderAcrossThreads() {
        Random random = new Random();
        byte[] all = new byte[random.nextInt(5_000)];
        random.nextBytes(all);
        SlabPool small = new SlabPool(1 + random.nextInt(300), 0, 1_000);
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        chunks(all, random)
                .publishOn(Schedulers.parallel(), 1)
                .transform(Slabs.fill(small))
                .publishOn(Schedulers.single(), 2)
                .doOnNext(slab -> {
                    byte[] part = new byte[slab.readableBytes()];
                    slab.readBytes(part).release();
                    out.writeBytes(part);
                })
                .then()
                .block(Duration.ofSeconds(10));

        assertThat(out.toByteArray()).isEqualTo(all);
        assertThat(small.outstanding()).isZero();
    }

    @Test
    void leaksNothingWhenCancelledAnywhere() {
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 2_000; seed++) {
                var random = new Random(seed);
                List<ByteBuf> in = new ArrayList<>();
                for (int i = random.nextInt(12); i >= 0; i--) {
                    in.add(Unpooled.buffer().writeZero(random.nextInt(20)));
                }
                List<ByteBuf> all = List.copyOf(in);

                cancel.run(seed, in, Slabs.fill(pool), ByteBuf::release);

                assertThat(all).as("seed %d", seed).allMatch(buffer -> buffer.refCnt() == 0);
                assertThat(pool.outstanding()).as("seed %d", seed).isZero();
            }
        }
    }

    private static Flux<ByteBuf> chunks(byte[] all, Random random) {
        return Flux.generate(() -> 0, (at, sink) -> {
            if (at >= all.length) {
                sink.complete();
                return at;
            }
            int length = Math.min(all.length - at, 1 + random.nextInt(700));
            sink.next(Unpooled.copiedBuffer(all, at, length));
            return at + length;
        });
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, java.nio.charset.StandardCharsets.US_ASCII);
    }

    private static String taken(ByteBuf slab) {
        String text = slab.toString(java.nio.charset.StandardCharsets.US_ASCII);
        slab.release();
        return text;
    }
}
