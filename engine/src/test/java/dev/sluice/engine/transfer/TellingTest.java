package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.TransferEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class TellingTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** They tell what led to it, and how far the run came. */
    @Test
    void anErrorWaitsForTheWarningsBeforeIt() {
        var telling = new Telling();
        Mono<TransferEvent> work = Mono.fromRunnable(() -> {
                    for (int i = 0; i < 150; i++) {
                        telling.warn("warning " + i, "");
                    }
                })
                .then(Mono.error(new IllegalStateException("over")));
        List<String> told = new ArrayList<>();

        telling.about(
                        new TransferEvent.Started("a", "b"),
                        work,
                        () -> new TransferEvent.Progress(Duration.ZERO, 0, 0, 0, ""),
                        Schedulers.parallel())
                .as(events -> StepVerifier.create(events, 2))
                .expectNextCount(2)
                .thenRequest(Long.MAX_VALUE)
                .thenConsumeWhile(event -> {
                    if (event instanceof TransferEvent.Warning warning) {
                        told.add(warning.message());
                    }
                    return true;
                })
                .expectErrorMessage("over")
                .verify(PATIENCE);

        assertThat(told).hasSize(149).last().isEqualTo("warning 149");
    }
}
