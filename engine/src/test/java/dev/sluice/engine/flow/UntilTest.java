package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EngineBroken;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Work that somebody else may end. */
class UntilTest {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** As concatMap does when its function has no memory; doOnError would throw what it is given. */
    @Test
    void theEndOfTheMemoryIsToldToWhoeverWaits() {
        Until.stopped(Mono.never(), Mono.error(new OutOfMemoryError("Java heap space")))
                .doOnError(e -> {})
                .as(StepVerifier::create)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(EngineBroken.class).hasMessage("out of memory"))
                .verify(PATIENCE);
    }
}
