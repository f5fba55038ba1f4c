package dev.sluice.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Notice;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PlainDisplayTest {

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final PlainDisplay display = new PlainDisplay(new PrintStream(err, true, StandardCharsets.UTF_8));

    @Test
    void tellsEachStepInALine() {
        display.show(Samples.started(3));
        display.show(new Event.ShardStarted(Samples.shard(1), 1));
        display.show(new Event.ShardRetried(Samples.shard(1), 1, Samples.damaged(1), Duration.ofMillis(250)));
        display.show(new Event.ShardFinished(Samples.stored(1, 48_100_000, 36_000_000, 2, 840)));
        display.show(new Event.Told(Notice.warning("the clock is slow", "Set it.")));
        display.show(new Event.ShardFinished(new ShardOutcome.Unchanged(Samples.shard(2))));
        display.show(new Event.ShardFinished(new ShardOutcome.DroppedMeanwhile(Samples.shard(3))));

        assertThat(err.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "Backing up localhost:8088 to /backups/monday: 3 shards",
                        "retry: shard telemetry/autogen/1, attempt 1 failed: archive of shard telemetry/autogen/1 "
                                + "ended in the middle of x.tsm, after 512 bytes; next one in 0.3 s",
                        "[1/3] telemetry/autogen/1: 48.1 MB read, 36.0 MB stored, 0.8 s, attempt 2",
                        "warning: the clock is slow",
                        "  hint: Set it.",
                        "[2/3] telemetry/autogen/2: unchanged, not taken",
                        "[3/3] telemetry/autogen/3: MISSING: the server dropped it while the backup ran");
    }

    @Test
    void tellsEveryTenSecondsHowFarItIs() {
        display.show(Samples.started(16));
        err.reset();
        for (int millis = 0; millis <= 25_000; millis += 200) {
            display.show(Samples.progress(millis, millis * 100_000L, millis * 50_000L, millis / 2000, 16));
        }

        assertThat(err.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "5 of 16 shards, 1.0 GB read, 500.0 MB stored, 100.0 MB/s after 10 s",
                        "10 of 16 shards, 2.0 GB read, 1.0 GB stored, 100.0 MB/s after 20 s");
    }

    @Test
    void doesNotTellOfEachOfAThousandShards() {
        display.show(Samples.started(1000));
        err.reset();
        display.show(new Event.ShardFinished(Samples.stored(1, 1, 1, 1, 1)));
        display.show(new Event.ShardFinished(
                new ShardOutcome.NotOffered(Samples.shard(2), Absence.notOpen(Samples.shard(2)))));

        assertThat(err.toString(StandardCharsets.UTF_8).lines())
                .singleElement()
                .asString()
                .startsWith("[2/1000] telemetry/autogen/2: MISSING");
    }
}
