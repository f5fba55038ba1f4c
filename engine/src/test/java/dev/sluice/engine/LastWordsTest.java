package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.serve.RunningServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What a copy tells last, just before its error, comes to whoever is still busy with an earlier event. */
class LastWordsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path home;

    @SuppressWarnings("NullAway.Init") // before each test
    private RunningServer server;

    @BeforeEach
    void serve() {
        SampleData sample =
                Objects.requireNonNull(engine.sampleData(home, 42, 3_000_000).block(PATIENCE));
        server = Objects.requireNonNull(
                engine.serve(new ServeRequest(new ServerAddress("127.0.0.1", 0), sample.dataDir(), sample.metaDir()))
                        .block(PATIENCE));
    }

    @AfterEach
    void stop() {
        server.stop().block(PATIENCE);
        engine.close();
    }

    @Test
    void namesWhatStaysToWhoeverEndsItInTheMiddleOfAnEvent() throws Exception {
        assertWhatStaysIsNamed(() -> {});
    }

    /** All is over when the event has been taken, and waits behind it. */
    @Test
    void namesWhatStaysToWhoeverIsSlow() throws Exception {
        assertWhatStaysIsNamed(() -> Mono.delay(Duration.ofSeconds(1)).block());
    }

    /** Samples come by the clock, and it does not stop while somebody takes the last event. */
    @Test
    void tellsNothingBehindTheReport() {
        List<Event> told = new CopyOnWriteArrayList<>();

        engine.backup(BackupRequest.portable(server.address(), home.resolve("backup"))
                        .build())
                .doOnNext(event -> {
                    told.add(event);
                    if (event instanceof Event.Finished) {
                        Mono.delay(Duration.ofSeconds(1)).block();
                    }
                })
                .then()
                .as(StepVerifier::create)
                .expectComplete()
                .verify(PATIENCE);

        assertThat(told).last().isInstanceOf(Event.Finished.class);
    }

    private void assertWhatStaysIsNamed(Runnable busy) throws Exception {
        Path backup = home.resolve("backup");
        var first = new AtomicBoolean(true);
        List<String> told = new CopyOnWriteArrayList<>();

        engine.backup(BackupRequest.portable(server.address(), backup)
                        .concurrency(1)
                        .build())
                .doOnNext(event -> {
                    if (event instanceof Event.ShardFinished && first.getAndSet(false)) {
                        engine.interrupt();
                        busy.run();
                    } else if (event instanceof Event.Told last) {
                        told.add(last.notice().message());
                    }
                })
                .then()
                .as(StepVerifier::create)
                .expectError(EngineClosed.class)
                .verify(PATIENCE);

        try (var files = Files.list(backup)) {
            List<String> archives = files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(".tar.gz") && !name.startsWith("."))
                    .toList();
            assertThat(archives).isNotEmpty();
            assertThat(told).last().asString().contains(archives);
        }
    }
}
