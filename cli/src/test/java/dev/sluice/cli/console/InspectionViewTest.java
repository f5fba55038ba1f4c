package dev.sluice.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Inspection;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class InspectionViewTest {

    private static final TimeRange DAY =
            new TimeRange(Instant.parse("2026-11-23T00:00:00Z"), Instant.parse("2026-11-23T23:59:50Z"));

    private static Inspection inspection(List<Notice> notices) {
        return new Inspection(
                "portable:DIR",
                List.of(new Inspection.Shard(
                        new ShardRef("telemetry", "autogen", 7),
                        2,
                        1_234_567,
                        120,
                        240,
                        OptionalLong.of(1_200_000),
                        Optional.of(DAY),
                        new Inspection.Amount(1_200, 1_200_000),
                        Map.of(
                                "floats, xor", new Inspection.Amount(1_200, 1_100_000),
                                "times, run", new Inspection.Amount(1_200, 100_000)),
                        List.of(
                                new Inspection.Measurement(
                                        "cpu",
                                        20,
                                        Map.of("up", List.of("boolean")),
                                        OptionalLong.of(200_000),
                                        DAY,
                                        new Inspection.Amount(200, 100_000)),
                                new Inspection.Measurement(
                                        "disk",
                                        100,
                                        Map.of("free", List.of("float", "integer"), "used", List.of("float")),
                                        OptionalLong.of(1_000_000),
                                        DAY,
                                        new Inspection.Amount(1_000, 1_100_000))),
                        true)),
                List.of(),
                notices);
    }

    @Test
    void showsShardsThenTheLargestMeasurementsThenEncodings() {
        assertThat(InspectionView.table(inspection(List.of())))
                .containsExactly(
                        "portable:DIR: 1 shard, 1.2 MB, 1,200,000 values",
                        "",
                        "  DATABASE   POLICY   SHARD  FIRST             LAST                 FILES    SIZE  SERIES  KEYS"
                                + "  BLOCKS     VALUES",
                        "  telemetry  autogen      7  2026-11-23 00:00  2026-11-23 23:59:50      2  1.2 MB     120   240"
                                + "   1,200  1,200,000",
                        "",
                        "telemetry/autogen/7",
                        "  MEASUREMENT  SERIES  BLOCKS      SIZE     VALUES  FIELDS",
                        "  disk            100   1,000    1.1 MB  1,000,000  free float|integer, used float",
                        "  cpu              20     200  100.0 kB    200,000  up boolean",
                        "",
                        "  ENCODING     BLOCKS      SIZE",
                        "  floats, xor   1,200    1.1 MB",
                        "  times, run    1,200  100.0 kB");
    }

    @Test
    void programsGetAllOfIt() {
        assertThat(InspectionView.json(inspection(List.of(Notice.damaged("shard 8 cannot be read", "")))))
                .singleElement()
                .asString()
                .contains(
                        "\"damaged\":true",
                        "\"values\":1200000",
                        "\"encodings\":{\"floats, xor\":{\"blocks\":1200,\"block_bytes\":1100000}",
                        "\"fields\":{\"free\":[\"float\",\"integer\"],\"used\":[\"float\"]}",
                        "\"first\":\"2026-11-23T00:00:00Z\"");
    }
}
