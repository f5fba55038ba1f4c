package dev.sluice.engine.target;

import dev.sluice.engine.error.FieldTypeConflict;
import dev.sluice.engine.flow.Detour;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.tsm.BlockType;
import dev.sluice.engine.tsm.CheckDepth;
import dev.sluice.engine.tsm.FieldTypes;
import dev.sluice.engine.tsm.FileCheck;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

    private static final Pattern TSM = Pattern.compile("(\\d+)-(\\d+)\\.tsm");

    /** Generations that are left free for files that the server writes while the merge is under way. */
    private static final long MARGIN = 1_000;

    /** Sequence numbers of generation 0 that one merge has for itself: no shard has so many files. */
    private static final long SEQUENCES = 1_000_000;

    private static final long HIGHEST = 900 * SEQUENCES;

    private final ShardRef shard;
    private final FieldTypes types = new FieldTypes();
    private long highestGeneration;
    private long lowestOfZero = HIGHEST + SEQUENCES;
    private @Nullable FileCheck file;

    private ShardSurvey(ShardRef shard) {
        this.shard = shard;
    }

    /**
     * Reads the shard as it is now. Cold.
     *
     * @param workers where files are taken apart: that is too much for the event loop that brings them
     */
    static Mono<ShardSurvey> of(ShardRef shard, SnapshotTransport transport, Scheduler workers) {
        return Mono.defer(() -> {
            var survey = new ShardSurvey(shard);
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
                Matcher name = TSM.matcher(start.name());
                if (name.matches()) {
                    see(Long.parseLong(name.group(1)), Long.parseLong(name.group(2)));
                    file = FileCheck.of(start.name(), start.size(), CheckDepth.PASSING, types::add)
                            .orElse(null);
                }
            } else if (part instanceof ShardPart.Bytes bytes) {
                return feed(bytes.data(), workers);
            } else if (part instanceof ShardPart.FileEnd) {
                file = null; // what is wrong with the server's own files is not ours to judge
            }
            return Flux.empty();
        } finally {
            part.release();
        }
    }

    /** From a copy on the heap: nothing to free, whoever cancels when. */
    private Flux<ShardPart> feed(ByteBuf bytes, Scheduler workers) {
        FileCheck check = file;
        if (check == null) {
            return Flux.empty();
        }
        byte[] copy = ByteBufUtil.getBytes(bytes);
        return Mono.<ShardPart>fromRunnable(() -> check.feed(Unpooled.wrappedBuffer(copy)))
                .subscribeOn(workers)
                .flux();
    }

    private void see(long generation, long sequence) {
        highestGeneration = Math.max(highestGeneration, generation);
        if (generation == 0) {
            lowestOfZero = Math.min(lowestOfZero, sequence);
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

    /** Lets parts pass until a key in them has another type than the shard's: then the archive must not be sent whole. */
    Flux<ShardPart> guarded(Flux<ShardPart> parts) {
        return Flux.defer(() -> {
            var guard = new Guard();
            return parts.map(guard::look);
        });
    }

    private final class Guard {
        private @Nullable FileCheck check;

        ShardPart look(ShardPart part) {
            try {
                if (part instanceof ShardPart.FileStart start) {
                    check = FileCheck.of(start.name(), start.size(), CheckDepth.PASSING, this::compare)
                            .orElse(null);
                } else if (part instanceof ShardPart.Bytes bytes && check != null) {
                    check.feed(bytes.data());
                }
                return part;
            } catch (RuntimeException e) {
                part.release();
                throw e;
            }
        }

        private void compare(byte[] key, BlockType type) {
            types.conflict(key, type).ifPresent(conflict -> {
                throw new FieldTypeConflict(shard.toString(), conflict);
            });
        }
    }
}
