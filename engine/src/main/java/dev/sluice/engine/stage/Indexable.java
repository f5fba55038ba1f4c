package dev.sluice.engine.stage;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.CheckDepth;
import dev.sluice.engine.tsm.CheckResult;
import dev.sluice.engine.tsm.FileCheck;
import dev.sluice.engine.tsm.Finding;
import io.netty.buffer.ByteBuf;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Lets only TSM files pass that a server can index. It gives no sign when it cannot: the file is dropped, or the shard
 * does not open any more (observed on 1.6.7 and 1.8.10).
 *
 * <p>Files are checked while they pass. One whose header, index or footer is broken fails the shard before its end has
 * been passed on, so that whoever sends it can break off, and the server installs nothing. One whose index is sound but
 * some of whose blocks are not is passed on: all its other data can be read, and it came so from the server that was
 * backed up. That is told as damage; with every block and what {@link BlockCheck} looks at, if that is wanted, in the
 * same pass, as looking twice would cost as much as all the rest of a restore.
 *
 * <p>Works on the thread that brings the parts.
 */
public final class Indexable implements ShardStage {

    private static final int HEADER = 5;
    private static final int TOLD = 3;

    private final boolean everyBlock;
    private final Optional<FieldLedger> ledger;

    /** @param everyBlock whether each damaged block is told, and damage of tombstones, as {@link BlockCheck} does */
    public Indexable(boolean everyBlock) {
        this(everyBlock, Optional.empty());
    }

    /** @param ledger receives the types of all fields, for a target behind {@link ApplyTombstones} */
    public Indexable(boolean everyBlock, Optional<FieldLedger> ledger) {
        this.everyBlock = everyBlock;
        this.ledger = ledger;
    }

    @Override
    public Flux<ShardPart> apply(ShardRef shard, Flux<ShardPart> parts, Consumer<Notice> tell) {
        return Flux.using(() -> new State(shard, tell), state -> parts.map(state::look), State::close);
    }

    /** One attempt at one shard. Locked, as a cancel comes from another thread than the parts. */
    private final class State {
        private final ShardRef shard;
        private final Consumer<Notice> tell;
        private final BlockReport report;
        private final Optional<FieldLedger.Page> page;
        private final Set<String> deletions = new HashSet<>();
        private String name = "";
        private final Tail tail = new Tail();
        private @Nullable FileCheck check;
        private boolean closed;

        private State(ShardRef shard, Consumer<Notice> tell) {
            this.shard = shard;
            this.tell = tell;
            this.report = new BlockReport(shard, tell);
            this.page = ledger.map(book -> book.begin(shard));
        }

        synchronized ShardPart look(ShardPart part) {
            try {
                if (!closed) {
                    follow(part);
                }
                return part;
            } catch (RuntimeException e) {
                part.release();
                throw e;
            }
        }

        private void follow(ShardPart part) {
            if (part instanceof ShardPart.FileStart start) {
                name = start.name();
                tail.clear();
                check = everyBlock || isTsm()
                        ? FileCheck.of(start, CheckDepth.PASSING, keys()).orElse(null)
                        : null;
            } else if (part instanceof ShardPart.Bytes bytes) {
                if (check != null) {
                    check.feed(bytes.data());
                    tail.feed(bytes.data());
                }
            } else if (part instanceof ShardPart.FileEnd) {
                if (check != null) {
                    ended(check.end());
                    check = null;
                }
            } else {
                report.end();
            }
        }

        /** What is deleted from a file does not come, so its types are left to whoever gets what remains. */
        private FileCheck.KeyListener keys() {
            String base = name.substring(0, Math.max(0, name.lastIndexOf('.')));
            if (page.isEmpty()) {
                return (key, type) -> {};
            }
            if (!isTsm()) {
                deletions.add(base);
            } else if (deletions.contains(base)) {
                page.get().leave(name);
                return (key, type) -> {};
            }
            return page.get()::add;
        }

        private void ended(CheckResult result) {
            if (isTsm()) {
                judge(result);
            }
            if (everyBlock) {
                report.file(result);
            }
        }

        private boolean isTsm() {
            return name.endsWith(".tsm");
        }

        synchronized void close() {
            closed = true;
            if (check != null) {
                check.abandon();
                check = null;
            }
        }

        private void judge(CheckResult result) {
            if (!result.damaged()) {
                return;
            }
            long index = tail.asLong();
            Optional<Finding> broken = result.findings().stream()
                    .filter(finding -> finding.severity() == Finding.Severity.DAMAGE)
                    .filter(finding -> result.keys() == 0
                            || index < HEADER
                            || finding.offset() < HEADER
                            || finding.offset() >= index)
                    .findFirst();
            if (broken.isPresent()) {
                throw new ArchiveDamaged(
                        shard.toString(),
                        "has a file that no server can open, %s: %s at byte %d"
                                .formatted(
                                        name,
                                        broken.get().problem(),
                                        broken.get().offset()),
                        0);
            }
            String first = result.findings().stream()
                    .filter(finding -> finding.severity() == Finding.Severity.DAMAGE)
                    .limit(TOLD)
                    .map(finding -> "%s at byte %d".formatted(finding.problem(), finding.offset()))
                    .reduce((a, b) -> a + "; " + b)
                    .orElse("");
            tell.accept(Notice.damaged(
                    "%s of shard %s has damaged blocks (%s)".formatted(name, shard, first),
                    "The rest of it is restored as it is; queries that touch these blocks fail or lack points. "
                            + "Take the shard from another backup if there is one."));
        }
    }

    /** The last eight bytes of a file: where its index begins. */
    private static final class Tail {
        private long value;
        private int count;

        void clear() {
            value = 0;
            count = 0;
        }

        void feed(ByteBuf bytes) {
            int length = bytes.readableBytes();
            for (int i = Math.max(0, length - Long.BYTES); i < length; i++) {
                value = value << 8 | bytes.getUnsignedByte(bytes.readerIndex() + i);
                count++;
            }
        }

        long asLong() {
            return count < Long.BYTES ? 0 : value;
        }
    }
}
