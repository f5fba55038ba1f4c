package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.testkit.TestThreads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

class InputTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** A pipe that gives some bytes, and then none until it is closed. */
    private static final class Quiet implements ReadableByteChannel {
        private final ByteBuffer first;
        private final CountDownLatch waiting = new CountDownLatch(1);
        private final CompletableFuture<String> closedBy = new CompletableFuture<>();

        Quiet(String first) {
            this.first = ByteBuffer.wrap(first.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            if (first.hasRemaining()) {
                int count = Math.min(first.remaining(), into.remaining());
                into.put(first.slice().limit(count));
                first.position(first.position() + count);
                return count;
            }
            waiting.countDown();
            closedBy.join();
            throw new AsynchronousCloseException();
        }

        @Override
        public boolean isOpen() {
            return !closedBy.isDone();
        }

        @Override
        public void close() {
            closedBy.complete(Thread.currentThread().getName());
        }

        void awaitReader() throws InterruptedException {
            assertThat(waiting.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }

        void assertClosedWhereItMayBlock() {
            assertThat(closedBy).succeedsWithin(PATIENCE).asString().startsWith("test-files");
        }
    }

    @Test
    void aCancelEndsAnOpenThatWaitsForTheFirstBytes() throws Exception {
        var pipe = new Quiet("m v=1");
        Disposable opening = Input.of("the pipe", pipe).open(TestThreads.FILES).subscribe();
        pipe.awaitReader();
        opening.dispose();

        pipe.assertClosedWhereItMayBlock();
    }

    @Test
    void givingUpEndsAReadThatWaits() throws Exception {
        var pipe = new Quiet("m v=1 1\n".repeat(1_000));
        Input.Opened opened = Objects.requireNonNull(
                Input.of("the pipe", pipe).open(TestThreads.FILES).block(PATIENCE));
        var ended = new CompletableFuture<String>();
        opened.text(TestThreads.FILES)
                .subscribe(
                        text -> text.release(), why -> ended.complete(why.toString()), () -> ended.complete("whole"));
        pipe.awaitReader();
        opened.close();
        assertThat(pipe.isOpen()).as("it belongs to somebody else").isTrue();
        TestThreads.FILES.schedule(opened::giveUp);

        pipe.assertClosedWhereItMayBlock();
        assertThat(ended).succeedsWithin(PATIENCE);
    }
}
