package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.CancelledShards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class ShardDirectoryWriterTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scheduler blocking = Uninterrupted.on(Schedulers.newBoundedElastic(4, 1000, "shard-directory-test"));

    @TempDir
    Path temp;

    @AfterEach
    void stop() {
        blocking.dispose();
    }

    @Test
    void leavesNothingBehindWheneverItIsCancelled() throws InterruptedException {
        Path shards = temp.resolve("shards");
        List<Sinks.Empty<Void>> ends = new ArrayList<>();
        CancelledShards.run(
                400,
                new ShardRef("db", "rp", 7),
                parts -> {
                    Sinks.Empty<Void> ended = Sinks.empty();
                    ends.add(ended);
                    // Never done, so that every run ends with the cancel.
                    return ShardDirectoryWriter.unpack(
                            shards.resolve("7"),
                            parts.concatWith(Flux.never()),
                            bytes -> {},
                            new MadeHere(),
                            ended,
                            blocking);
                },
                () -> {
                    ends.get(ends.size() - 1).asMono().block(PATIENCE);
                    return Files.notExists(shards.resolve("7"));
                });
    }

    /** Two restores that know nothing of each other may take the same name. */
    @Test
    void whatAnotherOneHasMadeStaysWhenThisOneFailsOrIsCancelled() throws IOException {
        Path there = Files.createDirectories(temp.resolve("rp/7.restoring"));
        Path file = Files.createFile(there.resolve("000000001-000000001.tsm"));
        for (boolean cancelled : List.of(false, true)) {
            Sinks.Empty<Void> ended = Sinks.empty();
            var unpacked =
                    ShardDirectoryWriter.unpack(there, Flux.never(), bytes -> {}, new MadeHere(), ended, blocking);

            if (cancelled) {
                unpacked.subscribe(done -> {}, e -> {}).dispose();
            } else {
                unpacked.as(StepVerifier::create).expectError(StoreFailed.class).verify(PATIENCE);
            }

            ended.asMono().block(PATIENCE);
            assertThat(file).exists();
        }
    }

    /** Whoever gives up waits for this. */
    @Test
    void hasEndedWhereNoThreadIsLeft() {
        Sinks.Empty<Void> ended = Sinks.empty();
        blocking.dispose();

        ShardDirectoryWriter.unpack(temp.resolve("7"), Flux.never(), bytes -> {}, new MadeHere(), ended, blocking)
                .as(StepVerifier::create)
                .verifyError(RejectedExecutionException.class);

        ended.asMono().as(StepVerifier::create).expectComplete().verify(PATIENCE);
    }
}
