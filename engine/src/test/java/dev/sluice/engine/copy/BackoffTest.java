package dev.sluice.engine.copy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BackoffTest {

    private final SluiceException lost = new ConnectionLost("shard db/rp/1", 7, new IOException("reset"));

    private static List<Optional<Duration>> pauses(Backoff backoff, SluiceException why, int attempts) {
        return IntStream.rangeClosed(1, attempts)
                .mapToObj(attempt -> backoff.after(why, attempt))
                .toList();
    }

    @Test
    void waitsTwiceAsLongEachTimeUpToHalfAMinute() {
        assertThat(pauses(new Backoff(40, () -> 0), lost, 8))
                .extracting(pause -> pause.map(Duration::toMillis).orElseThrow())
                .containsExactly(500L, 1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 30_000L, 30_000L);
        assertThat(new Backoff(40, () -> 0).after(lost, 40)).contains(Duration.ofSeconds(30));
    }

    @Test
    void addsUpToHalfOfAPause() {
        assertThat(new Backoff(3, () -> 0.5).after(lost, 1)).contains(Duration.ofMillis(625));
    }

    @Test
    void givesUpAfterTheRetriesAndWhereNoneHelps() {
        assertThat(pauses(new Backoff(2, () -> 0), lost, 3))
                .extracting(Optional::isPresent)
                .containsExactly(true, true, false);
        assertThat(new Backoff(2, () -> 0).after(new NotThere("no shard 7", ""), 1))
                .isEmpty();
    }

    @Test
    void triesAfterAnEmptyAnswerThreeTimesAtMost() {
        var empty = new EmptyAnswer("shard db/rp/1");
        assertThat(pauses(new Backoff(40, () -> 0), empty, 4))
                .extracting(Optional::isPresent)
                .containsExactly(true, true, true, false);
        assertThat(new Backoff(0, () -> 0).after(empty, 1)).isEmpty();
    }
}
