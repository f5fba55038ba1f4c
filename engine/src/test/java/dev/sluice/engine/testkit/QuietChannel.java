package dev.sluice.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A pipe that gives some bytes; then whoever reads or writes waits until it is closed. */
public final class QuietChannel implements ByteChannel {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ByteBuffer first;
    private final CountDownLatch waiting = new CountDownLatch(1);
    private final CompletableFuture<String> closedBy = new CompletableFuture<>();

    public QuietChannel(String first) {
        this.first = ByteBuffer.wrap(first.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (!first.hasRemaining()) {
            return stall();
        }
        int count = Math.min(first.remaining(), into.remaining());
        into.put(first.slice().limit(count));
        first.position(first.position() + count);
        return count;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return stall();
    }

    private int stall() throws IOException {
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

    /** Comes back when somebody waits. */
    public void awaitUser() throws InterruptedException {
        assertThat(waiting.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    /** @param threads how the names of those begin that may close it */
    public void assertClosedBy(String threads) {
        assertThat(closedBy).succeedsWithin(PATIENCE).asString().startsWith(threads);
    }
}
