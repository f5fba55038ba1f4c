package dev.sluice.engine.stage;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.CheckResult;
import dev.sluice.engine.tsm.Finding;
import java.util.function.Consumer;

/** Tells what the checks of one shard's files have found, up to a number; the rest is counted. Not for several threads. */
final class BlockReport {

    /** Findings that are told of one shard. */
    private static final int MOST_TOLD = 50;

    private final ShardRef shard;
    private final Consumer<Notice> tell;
    private int told;
    private long untold;

    BlockReport(ShardRef shard, Consumer<Notice> tell) {
        this.shard = shard;
        this.tell = tell;
    }

    /** A file has ended. */
    void file(CheckResult result) {
        untold += result.unlisted();
        for (Finding finding : result.findings()) {
            if (told < MOST_TOLD) {
                told++;
                tell.accept(notice(finding));
            } else {
                untold++;
            }
        }
    }

    /** The shard has ended. */
    void end() {
        if (untold > 0) {
            tell.accept(
                    Notice.damaged("shard %s: %d findings more".formatted(shard, untold), "The first ones are named."));
        }
    }

    private Notice notice(Finding finding) {
        String message = "shard %s, %s: %s, at byte %d%s"
                .formatted(
                        shard,
                        finding.file(),
                        finding.problem(),
                        finding.offset(),
                        finding.key() == null ? "" : ", key " + finding.key());
        return finding.severity() == Finding.Severity.DAMAGE
                ? Notice.damaged(
                        message,
                        "What is damaged is copied as it is. If the server's own file is so too, see whether an "
                                + "older backup has it sound: sluice verify tells.")
                : Notice.note(message, "influxd does not write it so, but reads it.");
    }
}
