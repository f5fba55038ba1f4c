package dev.sluice.engine.transfer;

import dev.sluice.engine.error.HttpFailure;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Makes a request again that was not answered, or that the server was too busy for: after a quarter of a second, later
 * ever more rarely. All that is sent may come twice without harm.
 */
final class Retries {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private final int most;
    private final AtomicLong counted;
    private final Scheduler clock;

    /** @param counted goes up with each of them */
    Retries(int most, AtomicLong counted, Scheduler clock) {
        this.most = most;
        this.counted = counted;
        this.clock = clock;
    }

    /** For {@code retryWhen}; the last failure is what remains. */
    Retry policy() {
        return Retry.backoff(most, FIRST_PAUSE)
                .maxBackoff(LONGEST_PAUSE)
                .scheduler(clock)
                .filter(e -> e instanceof HttpFailure failure && failure.worthRetrying())
                .doBeforeRetry(signal -> counted.incrementAndGet())
                .onRetryExhaustedThrow((spec, last) -> last.failure());
    }
}
