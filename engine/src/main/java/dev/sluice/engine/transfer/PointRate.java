package dev.sluice.engine.transfer;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** A limit in points a second over all lanes: each batch waits until those before it are paid for. */
final class PointRate {

    private final OptionalLong perSecond;
    private final Scheduler clock;
    private long freeAt;

    PointRate(OptionalLong perSecond, Scheduler clock) {
        this.perSecond = perSecond;
        this.clock = clock;
        this.freeAt = clock.now(TimeUnit.NANOSECONDS);
    }

    /** Completes when so many points may go. */
    Mono<Void> pass(int points) {
        if (perSecond.isEmpty()) {
            return Mono.empty();
        }
        return Mono.defer(() -> {
            long wait = reserve(points);
            return wait <= 0
                    ? Mono.empty()
                    : Mono.delay(Duration.ofNanos(wait), clock).then();
        });
    }

    private synchronized long reserve(int points) {
        long now = clock.now(TimeUnit.NANOSECONDS);
        long start = Math.max(now, freeAt);
        freeAt = start + (long) (points * 1e9 / perSecond.orElse(Long.MAX_VALUE));
        return start - now;
    }
}
