package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

/** So many points a second. */
class PointRateTest {

    private final VirtualTimeScheduler clock = VirtualTimeScheduler.create();
    private final AtomicInteger passed = new AtomicInteger();

    @Test
    void eachBatchWaitsForThoseBeforeIt() {
        var rate = new PointRate(OptionalLong.of(10), clock);

        for (int i = 0; i < 3; i++) {
            rate.pass(10).subscribe(none -> {}, e -> {}, passed::incrementAndGet);
        }

        assertThat(passed).hasValue(1);
        clock.advanceTimeBy(Duration.ofMillis(999));
        assertThat(passed).hasValue(1);
        clock.advanceTimeBy(Duration.ofMillis(1));
        assertThat(passed).hasValue(2);
        clock.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(passed).hasValue(3);
    }

    @Test
    void whatWasNotUsedIsNotSavedUp() {
        var rate = new PointRate(OptionalLong.of(10), clock);
        clock.advanceTimeBy(Duration.ofMinutes(1));

        rate.pass(10).subscribe(none -> {}, e -> {}, passed::incrementAndGet);
        rate.pass(10).subscribe(none -> {}, e -> {}, passed::incrementAndGet);

        assertThat(passed).hasValue(1);
    }
}
