package dev.sluice.engine.target;

import dev.sluice.engine.error.FieldTypeConflict;
import dev.sluice.engine.flow.Detour;
import dev.sluice.engine.format.TsmName;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.stage.FieldLedger;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.tsm.BlockType;
import dev.sluice.engine.tsm.CheckDepth;
import dev.sluice.engine.tsm.FieldName;
import dev.sluice.engine.tsm.FieldTypes;
import dev.sluice.engine.tsm.FileCheck;
import dev.sluice.engine.tsm.IndexTail;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * What a shard of a running server holds, before something is merged into it: the names that are taken and the types of
 * its fields. Reading it makes the server write its cache to a file, which is needed as well: values in the cache would
 * win over all files.
 */
final class ShardSurvey {

    /** Generations that are left free for files that the server writes while the merge is under way. */
    private static final long MARGIN = 1_000;

    /** Sequence numbers of generation 0 that one merge has for itself: no shard has so many files. */
    private static final long SEQUENCES = 1_000_000;

    private static final long HIGHEST = 900 * SEQUENCES;

    private final ShardRef shard;
    private final FieldTypes types = new FieldTypes();
    private final Set<FieldName> fresh = new HashSet<>();
    private long highestGeneration;
    private long lowestOfZero = HIGHEST + SEQUENCES;
    private final boolean whole;
    private final IndexTail tail = new IndexTail();
    private boolean inFile;
    private boolean longIndex;
    private @Nullable FileCheck file;

    private ShardSurvey(ShardRef shard, boolean whole) {
        this.shard = shard;
        this.whole = whole;
    }

    /**
     * Reads the shard as it is now. Cold.
     *
     * @param workers where indexes are taken apart: that is too much for the event loop that brings them
     */
    static Mono<ShardSurvey> of(ShardRef shard, SnapshotTransport transport, Scheduler workers) {
        return of(shard, transport, workers, false)
                .flatMap(survey -> survey.longIndex ? of(shard, transport, workers, true) : Mono.just(survey));
    }

    /** @param whole whether files are followed from their start, which finds an index of any length, and takes longer */
    private static Mono<ShardSurvey> of(ShardRef shard, SnapshotTransport transport, Scheduler workers, boolean whole) {
        return Mono.defer(() -> {
            var survey = new ShardSurvey(shard, whole);
            return transport
                    .exchange(ShardBackup.of(shard, ShardBackup.ALL))
                    .transform(TarReader.parts(shard))
                    .transform(Detour.of(part -> survey.take(part, workers), ShardPart::release))
                    .then(Mono.just(survey));
        });
    }

    /** Comes to nothing, as it is only looked at; what takes time is done by the workers. */
    private Flux<ShardPart> take(ShardPart part, Scheduler workers) {
        try {
            if (part instanceof ShardPart.FileStart start) {
                begin(start);
            } else if (part instanceof ShardPart.Bytes bytes) {
                if (file != null) {
                    return feed(file, bytes.data(), workers);
                }
                if (inFile) {
                    tail.feed(bytes.data());
                }
            } else if (part instanceof ShardPart.FileEnd && inFile) {
                inFile = false;
                file = null; // what is wrong with the server's own files is not ours to judge
                return whole ? Flux.empty() : on(workers, () -> longIndex |= !tail.end(types::add));
            }
            return Flux.empty();
        } finally {
            part.release();
        }
    }

    private void begin(ShardPart.FileStart start) {
        Optional<TsmName> name = TsmName.parse(start.name());
        if (name.isEmpty()) {
            return;
        }
        see(name.get());
        inFile = true;
        if (whole) {
            file = FileCheck.of(start, CheckDepth.PASSING, types::add).orElse(null);
        } else {
            tail.begin(start.size());
        }
    }

    /** From a copy on the heap: nothing to free, whoever cancels when. */
    private static Flux<ShardPart> feed(FileCheck check, ByteBuf bytes, Scheduler workers) {
        byte[] copy = ByteBufUtil.getBytes(bytes);
        return on(workers, () -> check.feed(Unpooled.wrappedBuffer(copy)));
    }

    private static Flux<ShardPart> on(Scheduler workers, Runnable work) {
        return Mono.<ShardPart>fromRunnable(work).subscribeOn(workers).flux();
    }

    private void see(TsmName name) {
        highestGeneration = Math.max(highestGeneration, name.generation());
        if (name.generation() == 0) {
            lowestOfZero = Math.min(lowestOfZero, name.sequence());
        }
    }

    /** Names above all others: the backup's values win. */
    FileNaming above(int attempt) {
        return FileNaming.shifted(highestGeneration + attempt * MARGIN);
    }

    /** Names below all others, those of earlier merges too: the values that are there win. */
    FileNaming below(int attempt) {
        return FileNaming.beneath(((lowestOfZero - 1) / SEQUENCES - attempt) * SEQUENCES);
    }

    /**
     * Fields of what has passed that the shard did not have. Nothing of a shard without any: whatever index it has, the
     * server makes anew of its files.
     */
    Set<FieldName> fresh() {
        return types.isEmpty() ? Set.of() : Set.copyOf(fresh);
    }

    /**
     * Lets parts pass until a key in them has another type than in one of the shards: then nothing of them may be kept.
     *
     * @param source as the parts' source names the shard
     * @param ledger what a check before this knows already; what it does not know is looked at here
     */
    static Flux<ShardPart> guarded(
            List<ShardSurvey> shards, ShardRef source, FieldLedger ledger, Flux<ShardPart> parts) {
        return Flux.defer(() -> {
            var guard = new Guard(shards, source, ledger);
            return parts.map(guard::look);
        });
    }

    private FieldTypeConflict conflict(String problem) {
        return new FieldTypeConflict(shard.toString(), problem);
    }

    private static final class Guard {
        private final List<ShardSurvey> shards;
        private final ShardRef source;
        private final FieldLedger ledger;
        private final FieldTypes merged = new FieldTypes(); // as far as the ledger has them not
        private @Nullable FileCheck check;

        private Guard(List<ShardSurvey> shards, ShardRef source, FieldLedger ledger) {
            this.shards = shards;
            this.source = source;
            this.ledger = ledger;
        }

        ShardPart look(ShardPart part) {
            try {
                if (part instanceof ShardPart.FileStart start) {
                    boolean known = ledger.of(source)
                            .map(page -> page.has(start.name()))
                            .orElse(false);
                    check = known
                            ? null
                            : FileCheck.of(start, CheckDepth.PASSING, this::compare)
                                    .orElse(null);
                } else if (part instanceof ShardPart.Bytes bytes) {
                    if (check != null) {
                        check.feed(bytes.data());
                    }
                } else {
                    ledger.of(source).ifPresent(this::compare);
                    if (part instanceof ShardPart.ShardEnd) {
                        shards.forEach(this::note);
                    }
                }
                return part;
            } catch (RuntimeException e) {
                part.release();
                throw e;
            }
        }

        private void compare(byte[] key, BlockType type) {
            shards.forEach(shard -> shard.types.conflict(key, type).ifPresent(problem -> {
                throw shard.conflict(problem);
            }));
            merged.add(key, type);
        }

        private void note(ShardSurvey shard) {
            shard.fresh.addAll(shard.types.lacking(merged));
            ledger.of(source).ifPresent(page -> shard.fresh.addAll(page.beyond(shard.types)));
        }

        private void compare(FieldLedger.Page page) {
            shards.forEach(shard -> page.conflict(shard.types).ifPresent(problem -> {
                throw shard.conflict(problem);
            }));
        }
    }
}
