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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TerminalDisplayTest {

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final AtomicLong nanos = new AtomicLong();
    private final TerminalDisplay display = new TerminalDisplay(
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Terminal.of(true, false, new Terminal.Size(60, 24)),
            nanos::get);

    private void at(long millis, Event event) {
        nanos.set(TimeUnit.MILLISECONDS.toNanos(millis));
        display.show(event);
    }

    /** What a terminal shows after all that was written, played by a very small one. */
    private List<String> screen() {
        List<StringBuilder> lines = new ArrayList<>(List.of(new StringBuilder()));
        int row = 0;
        int column = 0;
        String text = err.toString(StandardCharsets.UTF_8);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\u001b') {
                int end = i + 2;
                while (!Character.isLetter(text.charAt(end))) {
                    end++;
                }
                switch (text.charAt(end)) {
                    case 'A' -> row -= Integer.parseInt(text.substring(i + 2, end));
                    case 'J' -> {
                        lines.subList(row + 1, lines.size()).clear();
                        lines.get(row).setLength(column);
                    }
                    case 'K' -> lines.get(row).setLength(column);
                    case 'h', 'l' -> {}
                    default -> throw new AssertionError("unknown sequence " + text.substring(i, end + 1));
                }
                i = end;
            } else if (c == '\n') {
                column = 0;
                if (++row == lines.size()) {
                    lines.add(new StringBuilder());
                }
            } else if (c == '\r') {
                column = 0;
            } else {
                StringBuilder line = lines.get(row);
                line.replace(column, Math.min(line.length(), column + 1), String.valueOf(c));
                column++;
            }
        }
        return lines.stream().map(StringBuilder::toString).toList();
    }

    @Test
    void drawsTheAreaInPlaceAndWhatStaysAboveIt() {
        at(0, Samples.started(2));
        at(10, Samples.progress(10, 1_000_000, 1000, 0, 2, Samples.running(1, 1, 1_000_000, 0)));
        at(200, new Event.Told(Notice.warning("the clock is slow", "Set it.")));
        at(400, Samples.progress(400, 2_000_000, 1000, 0, 2, Samples.running(1, 1, 2_000_000, 0)));

        assertThat(screen())
                .containsExactly(
                        "Backing up localhost:8088 to /backups/monday: 2 shards",
                        "warning: the clock is slow",
                        "  hint: Set it.",
                        "───────────────────  0/2 shards    2.0 MB    2.6 MB/s  0:00",
                        "  telemetry/autogen/1    2.0 MB",
                        "");
    }

    @Test
    void leavesOnlyWhatStaysWhenClosed() {
        at(0, Samples.started(2));
        at(10, Samples.progress(10, 1, 1, 0, 2, Samples.running(1, 1, 1, 0)));
        at(20, new Event.ShardRetried(Samples.shard(1), 1, Samples.damaged(1), Duration.ofSeconds(2)));
        at(
                30,
                new Event.ShardFinished(
                        new ShardOutcome.NotOffered(Samples.shard(2), Absence.notOpen(Samples.shard(2)))));
        display.close();
        at(900, Samples.progress(900, 1, 1, 0, 2));

        assertThat(screen())
                .containsExactly(
                        "Backing up localhost:8088 to /backups/monday: 2 shards",
                        "retry: shard telemetry/autogen/1, attempt 1 failed: archive of shard telemetry/autogen/1 "
                                + "ended in the middle of x.tsm, after 512 bytes; next one in 2.0 s",
                        "missing: telemetry/autogen/2: the server does not offer it",
                        "");
    }

    @Test
    void drawsAtMostEightTimesASecond() {
        for (int millis = 0; millis < 1000; millis++) {
            at(millis, Samples.progress(millis, millis, 0, 0, 1));
        }

        String text = err.toString(StandardCharsets.UTF_8);
        assertThat(text.split("0/1 shard", -1)).hasSizeBetween(6, 10);
    }

    @Test
    void writesNothingForWholeShards() {
        at(0, new Event.ShardStarted(Samples.shard(1), 1));
        at(0, new Event.ShardFinished(Samples.stored(1, 1, 1, 1, 1)));

        assertThat(err.size()).isZero();
    }
}
