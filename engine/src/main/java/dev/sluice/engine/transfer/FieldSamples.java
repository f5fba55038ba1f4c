package dev.sluice.engine.transfer;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.http.WriteOutcome;
import dev.sluice.engine.http.WriteTarget;
import dev.sluice.engine.line.TextBuffer;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.ShardSpool;
import dev.sluice.engine.target.FieldWriter;
import dev.sluice.engine.tsm.BlockEntry;
import dev.sluice.engine.tsm.FieldName;
import dev.sluice.engine.tsm.TimeSet;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmFile;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Writes one point of each of some fields again, with the value that it has: out of the newest file of the shard that has
 * the field at all, so that no other file says otherwise of this point.
 */
public final class FieldSamples implements FieldWriter {

    /** Bytes of a request, give or take a line. */
    private static final int BODY = 1 << 20;

    private final InfluxHttp http;
    private final Path scratch;
    private final Scheduler files;

    /**
     * @param scratch room for the shard
     * @param files where files are written and read; may block
     */
    public FieldSamples(InfluxHttp http, Path scratch, Scheduler files) {
        this.http = http;
        this.scratch = scratch;
        this.files = files;
    }

    /** What was found. */
    private record Found(List<byte[]> bodies, Set<FieldName> without) {}

    @Override
    public Mono<Set<FieldName>> show(ShardRef shard, Set<FieldName> fields, Flux<ShardPart> parts) {
        var target = new WriteTarget.Database(shard.database(), Optional.of(shard.policy()), "ns", Optional.empty());
        return ShardSpool.using(
                        new Arriving(shard, parts),
                        scratch,
                        files,
                        spool -> spool.call(directory -> find(spool.tsm(), fields))
                                .flatMap(found -> Flux.fromIterable(found.bodies())
                                        .concatMap(body -> write(target, body), 0)
                                        .then(Mono.just(found.without()))))
                .single();
    }

    private Mono<Void> write(WriteTarget target, byte[] body) {
        return http.write(target, Unpooled.wrappedBuffer(body), false)
                .doOnNext(outcome -> problem(outcome).ifPresent(reason -> {
                    throw new HttpRefused("a write into " + target.describe(), reason.status(), reason.words());
                }))
                .then();
    }

    private record Reason(int status, String words) {}

    private static Optional<Reason> problem(WriteOutcome outcome) {
        if (outcome instanceof WriteOutcome.Partial partial) {
            return Optional.of(new Reason(partial.status(), partial.reason()));
        }
        if (outcome instanceof WriteOutcome.Retryable later) {
            return Optional.of(new Reason(later.status(), later.reason()));
        }
        if (outcome instanceof WriteOutcome.TooLarge large) {
            return Optional.of(new Reason(413, large.reason()));
        }
        if (outcome instanceof WriteOutcome.Refused refused) {
            return Optional.of(new Reason(refused.status(), refused.reason()));
        }
        return outcome instanceof WriteOutcome.Denied denied
                ? Optional.of(new Reason(denied.status(), denied.reason()))
                : Optional.empty();
    }

    private static Found find(List<Path> oldestFirst, Set<FieldName> fields) throws IOException {
        Set<FieldName> left = new HashSet<>(fields);
        List<byte[]> bodies = new ArrayList<>();
        var text = new TextBuffer(1 << 12);
        List<Path> newestFirst = new ArrayList<>(oldestFirst);
        Collections.reverse(newestFirst);
        for (Path path : newestFirst) {
            if (left.isEmpty()) {
                break;
            }
            try (OpenTsm file = OpenTsm.open(path)) {
                TsmFile.Cursor cursor = file.reader().index();
                TsmFile blocks = file.reader();
                while (cursor.next()) {
                    FieldName name = FieldName.of(cursor.key());
                    if (left.contains(name) && sample(file, blocks, cursor, text)) {
                        left.remove(name);
                        if (text.length() >= BODY) {
                            bodies.add(text.toByteArray());
                            text = new TextBuffer(1 << 12);
                        }
                    }
                }
            }
        }
        if (text.length() > 0) {
            bodies.add(text.toByteArray());
        }
        return new Found(bodies, Set.copyOf(left));
    }

    /** Appends a point that is not deleted, if there is one that can be written. */
    private static boolean sample(OpenTsm file, TsmFile reader, TsmFile.Cursor at, TextBuffer to) throws IOException {
        if (at.key().length == 0 || at.key()[0] == '#') {
            return false; // the line would be a comment
        }
        TimeSet deleted = file.deletions().of(at.key());
        for (BlockEntry entry : at.blocks()) {
            if (deleted.covers(entry.minTime(), entry.maxTime())) {
                continue;
            }
            TsmBlock block = reader.values(at.type(), entry);
            for (int i = 0; i < block.size(); i++) {
                if (!deleted.contains(block.time(i))) {
                    byte[] prefix = Lines.prefix(at.key(), Lines.seriesLength(at.key()));
                    to.append(prefix, 0, prefix.length);
                    Lines.value(block, i, to);
                    to.append(' ').append(block.time(i)).append('\n');
                    return true;
                }
            }
        }
        return false;
    }

    /** A shard that is on its way already. */
    private record Arriving(ShardRef ref, Flux<ShardPart> parts) implements ShardRead {}
}
