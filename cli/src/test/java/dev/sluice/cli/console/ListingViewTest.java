package dev.sluice.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Listing;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ListingViewTest {

    private static final Instant MONDAY = Instant.parse("2026-11-23T00:00:00Z");

    private static Listing listing(List<ShardOutcome> missing, List<Notice> notices) {
        return new Listing(
                "portable:DIR",
                List.of(new Listing.Run(
                        "20261124T190104Z.manifest",
                        Optional.of(Instant.parse("2026-11-24T19:01:04Z")),
                        Optional.of("full"),
                        2,
                        3_000_000,
                        OptionalLong.of(2_000_000),
                        List.of())),
                List.of(
                        new Listing.Shard(
                                new ShardRef("telemetry", "日本", 7),
                                Optional.of(new TimeRange(MONDAY, MONDAY.plusSeconds(604_800))),
                                OptionalLong.of(2_900_000),
                                OptionalLong.of(1_990_000),
                                Optional.of("zstd"),
                                Optional.of("20261124T190104Z.manifest")),
                        new Listing.Shard(
                                new ShardRef("web", "autogen", 12),
                                Optional.empty(),
                                OptionalLong.of(100_000),
                                OptionalLong.of(10_000),
                                Optional.of("gzip"),
                                Optional.of("20261124T190104Z.manifest"))),
                missing,
                notices);
    }

    @Test
    void linesColumnsUpAndLeavesOutEmptyOnes() {
        assertThat(ListingView.table(listing(List.of(), List.of())))
                .containsExactly(
                        "portable:DIR: 2 shards, complete",
                        "",
                        "  RESTORE POINT        KIND  SHARDS     RAW  STORED  STATE",
                        "  2026-11-24 19:01:04  full       2  3.0 MB  2.0 MB  complete",
                        "",
                        "  DATABASE   POLICY   SHARD  FROM              TO                     RAW   STORED  CODEC",
                        "  telemetry  日本         7  2026-11-23 00:00  2026-11-30 00:00    2.9 MB   2.0 MB  zstd",
                        "  web        autogen     12                                      100.0 kB  10.0 kB  gzip");
    }

    @Test
    void saysWhatIsNotThere() {
        Listing listing = listing(
                List.of(new ShardOutcome.NotOffered(
                        new ShardRef("telemetry", "autogen", 3), Absence.before("reset after 512 bytes"))),
                List.of(Notice.damaged("the stream is cut", ""), Notice.warning("files lie there", "Delete them.")));

        assertThat(listing.complete()).isFalse();
        assertThat(ListingView.table(listing))
                .containsSubsequence(
                        "missing: shard telemetry/autogen/3: it was missing already when the backup was made: reset after 512 bytes",
                        "  hint: Take it from an older backup.",
                        "damaged: the stream is cut")
                .containsSubsequence("warning: files lie there", "  hint: Delete them.")
                .first()
                .isEqualTo("portable:DIR: 2 shards, NOT complete");
        assertThat(ListingView.json(listing))
                .singleElement()
                .asString()
                .contains("\"complete\":false", "\"shard\":7", "\"reason\":\"it was missing already");
    }
}
