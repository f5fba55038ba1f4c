package dev.sluice.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SelectionTest {

    private static final Instant MONDAY = Instant.parse("2026-01-05T00:00:00Z");

    @Test
    void isNarrowedStepByStep() {
        var week = new TimeRange(MONDAY, MONDAY.plusSeconds(7 * 86_400));

        assertThat(Selection.EVERYTHING
                        .withDatabase("telemetry")
                        .withPolicy("autogen")
                        .withShard(7)
                        .withTime(week))
                .isEqualTo(new Selection(
                        Optional.of("telemetry"),
                        Optional.of("autogen"),
                        Optional.of(7L),
                        Optional.of(week),
                        Optional.empty()));
        assertThat(Selection.EVERYTHING.withSince(MONDAY).since()).hasValue(MONDAY);
    }

    @Test
    void refusesWhatContradictsItself() {
        assertThatIllegalArgumentException().isThrownBy(() -> Selection.EVERYTHING.withPolicy("autogen"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Selection.EVERYTHING.withSince(MONDAY).withTime(TimeRange.ALL));
    }
}
