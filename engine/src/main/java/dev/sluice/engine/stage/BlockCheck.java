package dev.sluice.engine.stage;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.CheckDepth;
import dev.sluice.engine.tsm.CheckResult;
import dev.sluice.engine.tsm.FileCheck;
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
        return Flux.using(
                () -> new Watch(new BlockReport(shard, tell)), watch -> parts.doOnNext(watch::see), Watch::close);
    }

    /** One attempt at one shard. Locked, as a cancel comes from another thread than the parts. */
    private final class Watch {
        private final BlockReport report;
        private @Nullable FileCheck check;
        private boolean closed;

        private Watch(BlockReport report) {
            this.report = report;
        }

        private synchronized void see(ShardPart part) {
            if (closed) {
                return;
            }
            if (part instanceof ShardPart.FileStart start) {
                check = FileCheck.of(start, depth).orElse(null);
            } else if (part instanceof ShardPart.Bytes bytes) {
                if (check != null) {
                    check.feed(bytes.data());
                }
            } else if (part instanceof ShardPart.FileEnd) {
                if (check != null) {
                    count(check.end());
                    check = null;
                }
            } else {
                report.end();
            }
        }

        private void count(CheckResult result) {
            if (result.file().endsWith(".tsm")) {
                files.increment();
            }
            blocks.add(result.blocks());
            values.add(result.values());
            report.file(result);
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
