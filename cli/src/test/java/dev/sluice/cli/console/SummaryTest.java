package dev.sluice.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Notice;
import org.junit.jupiter.api.Test;

class SummaryTest {

    @Test
    void tellsWhatCameOfIt() {
        assertThat(Summary.lines(Samples.whole()))
                .containsExactly(
                        "Backup of localhost:8088 complete: 2 shards checked and stored.",
                        "  read      812.4 MB in 6.9 s, 117.7 MB/s",
                        "  stored    605.4 MB, gzip:1, ratio 1.34",
                        "  fsync     0.2 s over all shards",
                        "  longest   telemetry/autogen/1, 4.1 s for 412.3 MB",
                        "  retries   1",
                        "  manifest  /backups/monday/20261123T000000Z.manifest");
        assertThat(Summary.missing(Samples.whole())).isEmpty();
    }

    @Test
    void namesWhatIsMissingWhyAndWhatToDo() {
        assertThat(Summary.lines(Samples.partial()))
                .startsWith("Backup of localhost:8088 is NOT complete: 3 shards are missing, 1 stored.")
                .contains("  unchanged 1 shard not taken");
        assertThat(Summary.missing(Samples.partial()))
                .containsExactly(
                        "sluice: 3 shards are missing from this backup",
                        "  shard telemetry/autogen/2: the server does not offer it",
                        "    hint: A server leaves out what it could not open: look for 'Failed to open shard' and id"
                                + " 2 in its log, repair the shard, restart, and back up again. A newest shard that was"
                                + " never written to looks the same.",
                        "  shard telemetry/autogen/3: the server dropped it while the backup ran",
                        "    hint: Nothing, if its retention policy let it expire or somebody deleted it.",
                        "  shard telemetry/autogen/18446744073709551615: given up after 6 attempts: archive of shard "
                                + "telemetry/autogen/18446744073709551615 ended in the middle of x.tsm, after 512 bytes",
                        "    hint: " + Samples.damaged(1).hint()
                                + " '-shard 18446744073709551615' takes this one alone.");
    }

    @Test
    void saysFirstThatDamageWasFound() {
        Notice damage = Notice.damaged("a block is bad", "Restore an older one.");

        assertThat(Summary.lines(Samples.whole().with(damage)))
                .startsWith("Backup of localhost:8088 found DAMAGE in 1 place: 2 shards checked and stored.");
        assertThat(Summary.lines(Samples.partial().with(damage).with(damage)))
                .startsWith(
                        "Backup of localhost:8088 found DAMAGE in 2 places and is NOT complete: 3 shards are missing,"
                                + " 1 stored.");
        assertThat(Summary.lines(Samples.whole().with(damage).with(Notice.missing("the stream was cut", ""))))
                .first()
                .asString()
                .startsWith("Backup of localhost:8088 found DAMAGE in 1 place and is NOT complete: 2 shards checked");
    }

    /** What a target does not take it does not take alone either. */
    @Test
    void givesNoAdviceBesideTheReasonOfARefusal() {
        assertThat(Summary.missing(Samples.report(new ShardOutcome.Refused(Samples.shard(4), "its name is too long"))))
                .containsExactly(
                        "sluice: 1 shard is missing from this backup",
                        "  shard telemetry/autogen/4: its name is too long");
    }

    @Test
    void saysWhenThereIsNothingButMetadata() {
        assertThat(Summary.lines(Samples.report()))
                .first()
                .asString()
                .contains("there is no shard to take, only the metadata");
    }
}
