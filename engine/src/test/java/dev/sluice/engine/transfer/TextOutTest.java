package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.stage.SlabLine;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class TextOutTest {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int PIECE = 200_000;

    private final Scheduler files = Uninterrupted.on(Schedulers.newBoundedElastic(4, 1000, "text-out-test"));
    private final Scheduler workers = Schedulers.newParallel("text-workers", 2, true);
    private final SlabLine line = SlabLine.open(Compression.NONE, 8 << 20, workers, 2);

    @AfterEach
    void stop() {
        line.close();
        files.dispose();
        workers.dispose();
    }

    private static Flux<ByteBuf> text(int pieces) {
        return Flux.range(0, pieces).map(i -> Unpooled.wrappedBuffer(new byte[PIECE]));
    }

    @Test
    void writesAllTextAndLeavesTheChannelOpen() {
        var bytes = new ByteArrayOutputStream();
        WritableByteChannel channel = Channels.newChannel(bytes);

        new TextOut(line, files)
                .channel("stdout", channel, text(12))
                .as(StepVerifier::create)
                .expectNext(12L * PIECE)
                .expectComplete()
                .verify(PATIENCE);

        assertThat(bytes.size()).isEqualTo(12 * PIECE);
        assertThat(channel.isOpen()).isTrue();
        assertThat(line.pool().outstanding()).isZero();
    }

    @Test
    void saysThatTheReaderWentAway() {
        WritableByteChannel channel = Channels.newChannel(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        });

        new TextOut(line, files)
                .channel("stdout", channel, text(12))
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StoreFailed.class)
                        .hasMessageContaining("stdout")
                        .hasMessageContaining("Broken pipe"))
                .verify(PATIENCE);
    }

    /** It may lead to the disk that has the room. */
    @Test
    void replacesWhatALinkLeadsTo(@TempDir Path temp) throws IOException {
        Path disk = Files.createDirectory(temp.resolve("disk"));
        Path link = Files.createSymbolicLink(temp.resolve("out.lp"), Path.of("disk", "out.lp"));

        for (int pieces = 1; pieces <= 2; pieces++) {
            new TextOut(line, files)
                    .file(link, text(pieces))
                    .as(StepVerifier::create)
                    .expectNext((long) pieces * PIECE)
                    .expectComplete()
                    .verify(PATIENCE);

            assertThat(link).isSymbolicLink();
            assertThat(disk.resolve("out.lp")).isRegularFile().hasSize((long) pieces * PIECE);
        }
        assertThat(disk).isDirectoryContaining("glob:**/out.lp").isDirectoryNotContaining("glob:**.new");
    }

    @Test
    void saysThatALinkLeadsNowhere(@TempDir Path temp) throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("out.lp"), Path.of("out.lp"));

        new TextOut(line, files)
                .file(link, text(1))
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StoreFailed.class)
                        .hasMessageContaining("out.lp")
                        .hasMessageContaining("links"))
                .verify(PATIENCE);
    }

    /** A store would not take the name. */
    @Test
    void writesAHiddenFileToo(@TempDir Path temp) {
        new TextOut(line, files)
                .file(temp.resolve(".hidden.lp"), text(1))
                .as(StepVerifier::create)
                .expectNextCount(1)
                .expectComplete()
                .verify(PATIENCE);

        assertThat(temp).isDirectoryContaining(file -> file.endsWith(".hidden.lp"));
        assertThat(temp.toFile().list()).hasSize(1);
    }

    @Test
    void givesAllMemoryBackWheneverItIsCancelled() throws InterruptedException {
        for (int seed = 0; seed < 400; seed++) {
            WritableByteChannel channel = Channels.newChannel(OutputStream.nullOutputStream());

            Disposable running = new TextOut(line, files)
                    .channel("stdout", channel, text(100).subscribeOn(workers))
                    .subscribe();
            TimeUnit.MICROSECONDS.sleep(new Random(seed).nextInt(3_000));
            running.dispose();

            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (line.pool().outstanding() > 0 && System.nanoTime() < deadline) {
                TimeUnit.MICROSECONDS.sleep(100);
            }
            assertThat(line.pool().outstanding()).as("seed %d", seed).isZero();
        }
    }
}
