package dev.sluice.engine.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EncoderFailed;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.stage.codec.SlabEncoder;
import dev.sluice.engine.stage.codec.SlabEncoders;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class CompressTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scheduler workers = Schedulers.newBoundedElastic(3, 100, "compress-test");
    private final SlabEncoder gzip =
            SlabEncoders.forCompression(Compression.GZIP).orElseThrow();
    private final SlabPool pool = new SlabPool(1000, gzip.bound(1000), 20_000);

    @AfterEach
    void free() {
        workers.dispose();
        gzip.close();
    }

    @RepeatedTest(20)
    void givesPiecesInTheOrderOfTheirSlabs() throws IOException {
        byte[] raw = new byte[50_000 + new Random().nextInt(1000)];
        new Random(1).nextBytes(raw);

        byte[] packed = slabs(raw)
                .transform(Compress.slabs(gzip, "x.tar", workers, 4))
                .reduce(new ByteArrayOutputStream(), CompressTest::append)
                .map(ByteArrayOutputStream::toByteArray)
                .block(PATIENCE);

        assertThat(packed).isNotNull();
        assertThat(new GZIPInputStream(new ByteArrayInputStream(packed)).readAllBytes())
                .isEqualTo(raw);
        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void namesTheFileInTheFirstPieceOnly() {
        List<Byte> flags = slabs(new byte[3000])
                .transform(Compress.slabs(gzip, "x.tar", workers, 4))
                .map(piece -> {
                    byte flag = piece.getByte(piece.readerIndex() + 3);
                    piece.release();
                    return flag;
                })
                .collectList()
                .block(PATIENCE);

        assertThat(flags).containsExactly((byte) 8, (byte) 0, (byte) 0);
    }

    @Test
    void worksOnSeveralSlabsAtTheSameTime() {
        CountDownLatch together = new CountDownLatch(2);
        SlabEncoder meeting = encoder(() -> {
            together.countDown();
            // Nobody gets through before two have come.
            if (!together.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("the second never came");
            }
        });

        slabs(new byte[2000])
                .transform(Compress.slabs(meeting, "x", workers, 2))
                .doOnNext(ByteBuf::release)
                .then()
                .block(PATIENCE);

        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void hasNoMoreUnderWayThanToldTo() {
        AtomicInteger begun = new AtomicInteger();
        CountDownLatch blocked = new CountDownLatch(1);
        SlabEncoder stuck = encoder(() -> {
            begun.incrementAndGet();
            blocked.await();
        });

        StepVerifier.create(slabs(new byte[9000]).transform(Compress.slabs(stuck, "x", workers, 2)))
                .then(() -> assertThat(pool.outstanding()).isLessThanOrEqualTo(4))
                .then(blocked::countDown)
                .thenConsumeWhile(piece -> true, ByteBuf::release)
                .expectComplete()
                .verify(PATIENCE);

        assertThat(begun).hasValue(9);
        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void freesAllWhenTheEncoderFails() throws InterruptedException {
        SlabEncoder broken = encoder(() -> {
            throw new EncoderFailed("broken", null);
        });

        tellsItsFailureAndFreesAll(broken);
    }

    @RepeatedTest(100)
    void tellsTheFailureOfOneWhenSeveralFailAtOnce() throws InterruptedException {
        var meeting = new CyclicBarrier(3);
        SlabEncoder broken = encoder(() -> {
            try {
                meeting.await();
            } catch (InterruptedException | BrokenBarrierException e) {
                // The first one's failure has cancelled this one.
            }
            throw new EncoderFailed("broken", null);
        });

        tellsItsFailureAndFreesAll(broken);
    }

    private void tellsItsFailureAndFreesAll(SlabEncoder broken) throws InterruptedException {
        slabs(new byte[9000])
                .transform(Compress.slabs(broken, "x", workers, 3))
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e).isInstanceOf(EncoderFailed.class))
                .verify(PATIENCE);

        assertThat(noneOutstanding()).as(pool::toString).isTrue();
    }

    @RepeatedTest(100)
    void leaksNothingWhenCancelledAnywhere() throws InterruptedException {
        CountDownLatch over = new CountDownLatch(1);
        int most = new Random().nextInt(12);

        slabs(new byte[20_000])
                .transform(Compress.slabs(gzip, "x.tar", workers, 3))
                .publishOn(Schedulers.single(), 1)
                .doOnDiscard(ByteBuf.class, CompressTest::releaseOnce)
                .doOnNext(ByteBuf::release)
                .take(most)
                .doFinally(signal -> over.countDown())
                .subscribe();

        assertThat(over.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(noneOutstanding()).as(pool::toString).isTrue();
    }

    private boolean noneOutstanding() throws InterruptedException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (pool.outstanding() > 0 && System.nanoTime() < until) {
            Thread.sleep(1);
        }
        return pool.outstanding() == 0;
    }

    private Flux<ByteBuf> slabs(byte[] raw) {
        List<ByteBuf> chunks = new ArrayList<>();
        for (int at = 0; at < raw.length; at += 700) {
            chunks.add(Unpooled.wrappedBuffer(raw, at, Math.min(700, raw.length - at)));
        }
        return Flux.fromIterable(chunks).transform(Slabs.fill(pool));
    }

    private static ByteArrayOutputStream append(ByteArrayOutputStream all, ByteBuf piece) {
        byte[] bytes = new byte[piece.readableBytes()];
        piece.readBytes(bytes).release();
        all.writeBytes(bytes);
        return all;
    }

    private static void releaseOnce(ByteBuf piece) {
        if (piece.refCnt() > 0) {
            piece.release();
        }
    }

    private interface Step {
        void run() throws InterruptedException;
    }

    private SlabEncoder encoder(Step step) {
        return new SlabEncoder() {
            @Override
            public String name() {
                return "test";
            }

            @Override
            public int bound(int rawBytes) {
                return rawBytes;
            }

            @Override
            public void encode(ByteBuf raw, ByteBuf out) {
                try {
                    step.run();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                out.writeBytes(raw, raw.readerIndex(), raw.readableBytes());
            }

            @Override
            public void close() {}
        };
    }
}
