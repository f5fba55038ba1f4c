package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.testkit.QuietChannel;
import dev.sluice.engine.testkit.TestThreads;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;

class InputTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Test
    void aCancelEndsAnOpenThatWaitsForTheFirstBytes() throws Exception {
        var pipe = new QuietChannel("m v=1");
        Disposable opening = Input.of("the pipe", pipe).open(TestThreads.FILES).subscribe();
        pipe.awaitUser();
        opening.dispose();

        pipe.assertClosedBy("test-files");
    }

    /** What a pipe calls its size, on some systems, is what waits in it just now. */
    @Test
    void aStreamIsTheSameWhateverSizeItHas(@TempDir Path temp) throws IOException {
        Path file = Files.writeString(temp.resolve("in"), "m v=1 1\n".repeat(1_000));
        try (var stream = FileChannel.open(file)) {
            Input.Opened opened = Objects.requireNonNull(
                    Input.of("standard input", stream).open(TestThreads.FILES).block(PATIENCE));
            String before = opened.identity();
            Files.writeString(file, "m v=2 2\n", StandardOpenOption.APPEND);

            assertThat(opened.identity()).isEqualTo(before).endsWith("--1");
        }
    }

    @Test
    void givingUpEndsAReadThatWaits() throws Exception {
        var pipe = new QuietChannel("m v=1 1\n".repeat(1_000));
        Input.Opened opened = Objects.requireNonNull(
                Input.of("the pipe", pipe).open(TestThreads.FILES).block(PATIENCE));
        var ended = new CompletableFuture<String>();
        opened.text(TestThreads.FILES)
                .subscribe(
                        text -> text.release(), why -> ended.complete(why.toString()), () -> ended.complete("whole"));
        pipe.awaitUser();
        opened.close();
        assertThat(pipe.isOpen()).as("it belongs to somebody else").isTrue();
        TestThreads.FILES.schedule(opened::giveUp);

        pipe.assertClosedBy("test-files");
        assertThat(ended).succeedsWithin(PATIENCE);
    }
}
