package dev.sluice.engine.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.testkit.QuietChannel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class PipesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scheduler blocking = Uninterrupted.on(Schedulers.newBoundedElastic(4, 100, "pipes", 60, true));
    private final Pipe pipe;

    PipesTest() throws IOException {
        pipe = Pipe.open();
    }

    @AfterEach
    void close() throws IOException {
        pipe.sink().close();
        pipe.source().close();
        blocking.dispose();
    }

    private static Flux<ByteBuf> kilobytes(int count, AtomicInteger made) {
        return Flux.range(0, count).map(i -> {
            made.incrementAndGet();
            return Unpooled.directBuffer(1024).writeZero(1024);
        });
    }

    @Test
    void bringsBytesFromOneEndToTheOther() {
        var bytes = new ByteArrayOutputStream();
        Pipes.write("the pipe", pipe::sink, kilobytes(500, new AtomicInteger()), blocking)
                .as(StepVerifier::create)
                .then(() -> Pipes.read("the pipe", pipe::source, blocking)
                        .doOnNext(buffer -> {
                            bytes.writeBytes(new byte[buffer.readableBytes()]);
                            buffer.release();
                        })
                        .blockLast(PATIENCE))
                .expectNext(500L * 1024)
                .expectComplete()
                .verify(PATIENCE);

        assertThat(bytes.size()).isEqualTo(500 * 1024);
    }

    @Test
    void asksForNoMoreThanTheOtherEndTakes() throws InterruptedException {
        var made = new AtomicInteger();
        Disposable writing = Pipes.write("the pipe", pipe::sink, kilobytes(100_000, made), blocking)
                .subscribe();
        Thread.sleep(300);

        assertThat(made.get()).isLessThan(10_000);
        writing.dispose();
    }

    @Test
    void saysThatTheReaderWentAway() throws IOException {
        pipe.source().close();

        Pipes.write("stdout", pipe::sink, kilobytes(10, new AtomicInteger()), blocking)
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StoreFailed.class)
                        .hasMessageContaining("cannot write to stdout")
                        .hasMessageContaining("after 0 bytes"))
                .verify(PATIENCE);
    }

    /** A write into a full pipe, and a read from an empty one, never return by themselves. */
    @Test
    void aCancelEndsWhoeverIsBlocked() throws InterruptedException {
        Disposable writing = Pipes.write("the pipe", pipe::sink, kilobytes(100_000, new AtomicInteger()), blocking)
                .subscribe();
        Thread.sleep(200);
        writing.dispose();
        awaitClosed(pipe.sink()::isOpen);
    }

    @Test
    void aCancelEndsAReadThatIsBlocked() throws InterruptedException {
        Disposable reading = Pipes.read("the pipe", pipe::source, blocking).subscribe(ByteBuf::release);
        Thread.sleep(200);
        reading.dispose();
        awaitClosed(pipe.source()::isOpen);
    }

    /** Closing waits for a read or write of a file that is under way; the thread that cancels may be an event loop's. */
    @Test
    void aCancelClosesWhereItMayBlock() throws Exception {
        for (boolean writing : new boolean[] {true, false}) {
            var channel = new QuietChannel("");
            Disposable run = writing
                    ? Pipes.write("the pipe", () -> channel, kilobytes(1, new AtomicInteger()), blocking)
                            .subscribe()
                    : Pipes.read("the pipe", () -> channel, blocking).subscribe(ByteBuf::release);
            channel.awaitUser();
            run.dispose();

            channel.assertClosedBy("pipes");
        }
    }

    private static void awaitClosed(BooleanSupplier open) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (open.getAsBoolean() && System.nanoTime() < deadline) {
            Thread.sleep(10);
        }
        assertThat(open.getAsBoolean()).isFalse();
    }

    @Test
    void anEmptyInputIsAnEmptyFlux() {
        Pipes.read("nothing", () -> Channels.newChannel(new ByteArrayInputStream(new byte[0])), blocking)
                .as(StepVerifier::create)
                .expectComplete()
                .verify(PATIENCE);
    }
}
