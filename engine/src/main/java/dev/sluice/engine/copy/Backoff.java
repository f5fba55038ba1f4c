package dev.sluice.engine.copy;

import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.SluiceException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * When to try a shard again: 0.5 s after the first failure, twice as long after each further one, 30 s at most, each
 * with up to half of it on top so that many shards do not come back at once. An empty answer is tried three times at
 * most: an old server gives it while a snapshot is under way, which is over soon, or for a fault that stays.
 */
final class Backoff {

    private static final Duration FIRST = Duration.ofMillis(500);
    private static final Duration LONGEST = Duration.ofSeconds(30);
    private static final int EMPTY_ANSWERS = 3;

    private final int retries;
    private final DoubleSupplier jitter;

    /** @param jitter gives numbers from 0 to below 1 */
    Backoff(int retries, DoubleSupplier jitter) {
        this.retries = retries;
        this.jitter = jitter;
    }

    /**
     * The pause before the next attempt, empty to give up.
     *
     * @param attempt the one that failed, from 1
     */
    Optional<Duration> after(SluiceException why, int attempt) {
        int most = why instanceof EmptyAnswer ? Math.min(EMPTY_ANSWERS, retries) : retries;
        if (!why.worthRetrying() || attempt > most) {
            return Optional.empty();
        }
        // 2^6 times the first is already longer than the longest.
        long millis = Math.min(FIRST.toMillis() << Math.min(attempt - 1, 6), LONGEST.toMillis());
        return Optional.of(Duration.ofMillis((long) (millis * (1 + jitter.getAsDouble() / 2))));
    }
}
