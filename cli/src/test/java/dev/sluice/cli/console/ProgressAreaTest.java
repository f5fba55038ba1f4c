package dev.sluice.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.ShardRef;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressAreaTest {

    private final ProgressArea area = new ProgressArea();

    private List<String> lines(int columns, int rows) {
        return area.lines(new Terminal.Size(columns, rows));
    }

    @Test
    void showsABarOverAllShardsAndEachThatRuns() {
        area.add(Samples.progress(3000, 300_000_000, 220_000_000, 3, 16));
        area.add(Samples.progress(
                4000,
                412_300_000,
                305_100_000,
                4,
                16,
                Samples.running(12, 1, 48_100_000, 36_000_000),
                Samples.running(7, 2, 0, 0)));

        assertThat(lines(90, 24))
                .containsExactly(
                        "━━━━━━━━━━──────────────────────────  4/16 shards  412.3 MB  112.3 MB/s  0:04  ~0:10 left",
                        "  telemetry/autogen/12   48.1 MB   75 %",
                        "  telemetry/autogen/7        0 B  attempt 2");
    }

    @Test
    void leavesOutWhatDoesNotFitButNotTheCount() {
        area.add(Samples.progress(4000, 412_300_000, 305_100_000, 4, 16, Samples.running(12, 1, 48_100_000, 0)));

        assertThat(lines(40, 24))
                .containsExactly("━━━━╸───────────  4/16 shards  412.3 MB", "  telemetry/autogen/12   48.1 MB");
        assertThat(lines(20, 24)).containsExactly("4/16 shards", "  …metry/autogen/12");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 10, 19, 33, 40, 79, 80, 200})
    void neverExceedsTheTerminal(int columns) {
        area.add(Samples.progress(0, 0, 0, 0, 3));
        area.add(Samples.progress(
                7_300_000,
                Long.MAX_VALUE / 2,
                12,
                1,
                3,
                new Event.Running(new ShardRef("温度と湿度のデータベース", "a.b c", -1), 4, Long.MAX_VALUE / 4, 5)));

        for (int rows : new int[] {1, 3, 4, 24}) {
            assertThat(lines(columns, rows))
                    .hasSizeLessThanOrEqualTo(Math.max(1, rows - 1))
                    .allSatisfy(line -> assertThat(Text.width(line)).isLessThan(Math.max(2, columns)));
        }
    }

    @Test
    void namesOnlyAsManyShardsAsThereAreRows() {
        area.add(Samples.progress(
                1000,
                10,
                10,
                0,
                100,
                IntStream.range(1, 31)
                        .mapToObj(id -> Samples.running(id, 1, 1, 1))
                        .toArray(Event.Running[]::new)));

        assertThat(lines(80, 8)).hasSize(6).last().isEqualTo("  and 26 more");
        assertThat(lines(80, 50)).hasSize(17).last().isEqualTo("  and 15 more");
    }

    @Test
    void fillsTheBarOnlyWhenAllIsDone() {
        area.add(Samples.progress(1000, 100, 100, 1, 2, Samples.running(2, 1, 1_000_000, 5)));
        assertThat(lines(80, 24).get(0)).contains("─");

        area.add(Samples.progress(2000, 200, 100, 2, 2));
        assertThat(lines(80, 24).get(0))
                .startsWith("━".repeat(39))
                .doesNotContain("─")
                .doesNotContain("left");
    }

    @Test
    void copesWithNoShardAtAll() {
        area.add(Samples.progress(0, 0, 0, 0, 0));

        assertThat(lines(80, 24)).singleElement().asString().contains("0/0 shards");
    }

    @Test
    void showsNoNegativeRateWhenAnAttemptIsTakenBack() {
        area.add(Samples.progress(1000, 500_000, 0, 0, 2));
        area.add(Samples.progress(2000, 100_000, 0, 0, 2));

        assertThat(lines(80, 24).get(0)).contains(" 0 B/s");
    }
}
