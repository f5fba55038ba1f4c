package dev.sluice.engine.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.CancelledShards;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class ShardSpoolTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);

    private final Scheduler files = Uninterrupted.on(Schedulers.newBoundedElastic(4, 1000, "spool-test"));

    @TempDir
    Path scratch;

    @AfterEach
    void stop() {
        files.dispose();
    }

    @Test
    void hasTheFilesAsTheyCameAndRemovesThem() {
        Map<String, byte[]> tsm = Answers.tsmFiles(1, 2);
        Flux<ShardPart> parts =
                Flux.just(Unpooled.wrappedBuffer(Answers.shard(SHARD, tsm))).transform(TarReader.parts(SHARD));

        ShardSpool.using(
                        parts,
                        scratch,
                        files,
                        spool -> Flux.fromIterable(spool.tsm())
                                .collectMap(file -> String.valueOf(file.getFileName()), ShardSpoolTest::content))
                .as(StepVerifier::create)
                .assertNext(found -> assertThat(found).containsExactlyInAnyOrderEntriesOf(tsm))
                .expectComplete()
                .verify(PATIENCE);

        assertThat(isEmpty(scratch)).isTrue();
    }

    @Test
    void leavesNothingBehindWheneverItIsCancelled() throws InterruptedException {
        CancelledShards.run(
                400,
                SHARD,
                parts -> ShardSpool.using(parts, scratch, files, spool -> Flux.<Void>empty())
                        .then(),
                () -> isEmpty(scratch));
    }

    /** Its own, and not that of a clean-up that would need the directory as well. */
    @Test
    void aDirectoryThatCannotBeMadeIsTold() throws IOException {
        Path file = Files.createFile(scratch.resolve("file"));
        Flux<ShardPart> parts = Flux.just(Unpooled.wrappedBuffer(Answers.shard(SHARD, 1, 2, 1_000)))
                .transform(TarReader.parts(SHARD));

        ShardSpool.using(parts, file, files, spool -> Flux.<Void>empty())
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StoreFailed.class)
                        .hasMessageStartingWith("cannot use %s as scratch: ", file)
                        .hasMessageEndingWith(": a file is in the way"))
                .verify(PATIENCE);
    }

    private static byte[] content(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isEmpty(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.findAny().isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
