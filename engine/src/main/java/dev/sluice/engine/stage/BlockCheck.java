package dev.sluice.engine.stage;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.CheckDepth;
import dev.sluice.engine.tsm.CheckResult;
import dev.sluice.engine.tsm.FileCheck;
import dev.sluice.engine.tsm.Finding;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Looks at every block of every TSM file, and at the structure of tombstones, while a shard passes. Nothing is held back
 * or changed: damage is told, and copied as it is, because the bytes are what the source has.
 *
 * <p>Works on the thread that brings the parts, and burns processor time there: {@link dev.sluice.engine.flow.Crossing}
 * belongs before it. One instance serves all shards of a copy, side by side.
 */
public final class BlockCheck implements ShardStage {

    /** Findings that are told of one shard; the rest is counted. */
    private static final int MOST_TOLD = 50;

    private final CheckDepth depth;
    private final LongAdder files = new LongAdder();
    private final LongAdder blocks = new LongAdder();
    private final LongAdder values = new LongAdder();

    public BlockCheck(CheckDepth depth) {
        this.depth = depth;
    }

    /** TSM files that went by so far. */
    public long files() {
        return files.sum();
    }

    /** Sound blocks in them. */
    public long blocks() {
        return blocks.sum();
    }

    /** Values in these. */
    public long values() {
        return values.sum();
    }

    @Override
    public Flux<ShardPart> apply(ShardRef shard, Flux<ShardPart> parts, Consumer<Notice> tell) {
        return Flux.using(() -> new Watch(shard, tell), watch -> parts.doOnNext(watch::see), Watch::close);
    }

    /** One attempt at one shard. Locked, as a cancel comes from another thread than the parts. */
    private final class Watch {
        private final ShardRef shard;
        private final Consumer<Notice> tell;
        private @Nullable FileCheck check;
        private boolean closed;
        private int told;
        private long untold;

        private Watch(ShardRef shard, Consumer<Notice> tell) {
            this.shard = shard;
            this.tell = tell;
        }

        private synchronized void see(ShardPart part) {
            if (closed) {
                return;
            }
            if (part instanceof ShardPart.FileStart start) {
                check = FileCheck.of(start.name(), start.size(), depth).orElse(null);
            } else if (part instanceof ShardPart.Bytes bytes) {
                if (check != null) {
                    check.feed(bytes.data());
                }
            } else if (part instanceof ShardPart.FileEnd) {
                if (check != null) {
                    report(check.end());
                    check = null;
                }
            } else if (untold > 0) {
                tell.accept(Notice.damaged(
                        "shard %s: %d findings more".formatted(shard, untold), "The first ones are named."));
            }
        }

        private void report(CheckResult result) {
            if (result.file().endsWith(".tsm")) {
                files.increment();
            }
            blocks.add(result.blocks());
            values.add(result.values());
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

        private synchronized void close() {
            closed = true;
            if (check != null) {
                check.abandon();
                check = null;
            }
        }
    }
}
