package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.TransferEvent;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.subscriber.TestSubscriber;

class TellingTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** They tell what led to it, and how far the run came; whoever reads slowly gets them too. */
    @Test
    void anErrorWaitsForTheWarningsBeforeIt() {
        var telling = new Telling();
        Mono<TransferEvent> work = Mono.fromRunnable(() -> {
                    for (int i = 0; i < 150; i++) {
                        telling.warn("warning " + i, "");
                    }
                })
                .then(Mono.error(new IllegalStateException("over")));
        TestSubscriber<TransferEvent> slow =
                TestSubscriber.builder().initialRequest(2).build();

        telling.about(
                        new TransferEvent.Started("a", "b"),
                        work,
                        () -> new TransferEvent.Progress(Duration.ZERO, 0, 0, 0, ""),
                        Schedulers.parallel())
                .subscribe(slow);

        assertThat(slow.getReceivedOnNext()).hasSize(2);
        assertThat(slow.isTerminatedOrCancelled()).isFalse();
        slow.request(Long.MAX_VALUE);
        slow.block(PATIENCE);
        assertThat(slow.expectTerminalError()).hasMessage("over");
        assertThat(slow.getReceivedOnNext())
                .filteredOn(TransferEvent.Warning.class::isInstance)
                .hasSize(150);
    }
}
