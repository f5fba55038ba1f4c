package dev.sluice.engine.transfer;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.http.WriteOutcome;
import dev.sluice.engine.http.WriteTarget;
import dev.sluice.engine.line.TextBuffer;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.ShardSpool;
import dev.sluice.engine.target.FieldWriter;
import dev.sluice.engine.tsm.BlockEntry;
import dev.sluice.engine.tsm.FieldName;
import dev.sluice.engine.tsm.TimeSet;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmFile;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Writes one point of each of some fields again, with the value that it has: out of the newest file of the shard that has
 * the field at all, so that no other file says otherwise of this point.
 */
public final class FieldSamples implements FieldWriter {

    /** Lines of a request. */
    private static final int LINES = 1_000;

    /** Bytes of lines for a shard, give or take one: what is beyond, some ten thousand fields, is left. */
    private static final int MOST = 1 << 20;

    private static final int RETRIES = 5;

    private final InfluxHttp http;
    private final Path scratch;
    private final Scheduler files;
    private final Retries retries;

    /**
     * @param scratch room for the shard
     * @param files where files are written and read; may block
     * @param clock wakes up those who wait
     */
    public FieldSamples(InfluxHttp http, Path scratch, Scheduler files, Scheduler clock) {
        this.http = http;
        this.scratch = scratch;
        this.files = files;
        this.retries = new Retries(RETRIES, new AtomicLong(), clock);
    }

    /** A line of each field that has one. */
    private record Found(Map<FieldName, byte[]> lines, Set<FieldName> without) {}

    @Override
    public Mono<Set<FieldName>> show(ShardRef shard, Set<FieldName> fields, Flux<ShardPart> parts) {
        var target = new WriteTarget.Database(shard.database(), Optional.of(shard.policy()), "ns", Optional.empty());
        return ShardSpool.using(
                        parts,
                        scratch,
                        files,
                        spool -> spool.call(directory -> find(spool.tsm(), fields))
                                .flatMap(found -> written(target, found)))
                .single();
    }

    private Mono<Set<FieldName>> written(WriteTarget target, Found found) {
        Set<FieldName> left = new HashSet<>(found.without());
        return Flux.fromIterable(found.lines().entrySet())
                .buffer(LINES)
                .concatMap(lines -> written(target, lines).doOnNext(left::addAll), 0)
                .then(Mono.fromSupplier(() -> Set.copyOf(left)));
    }

    /** What the server does not take as a whole it gets line by line: one that it refuses is not to hide the others. */
    private Mono<Set<FieldName>> written(WriteTarget target, List<Map.Entry<FieldName, byte[]>> lines) {
        var all = new ByteArrayOutputStream();
        lines.forEach(line -> all.writeBytes(line.getValue()));
        return http.write(target, Unpooled.wrappedBuffer(all.toByteArray()), false)
                .doOnNext(outcome -> {
                    if (outcome instanceof WriteOutcome.Denied denied) {
                        throw refused(target, denied.status(), denied.reason());
                    }
                    if (outcome instanceof WriteOutcome.Retryable later) {
                        throw refused(target, later.status(), later.reason());
                    }
                })
                .retryWhen(retries.policy())
                .flatMap(outcome -> {
                    if (outcome instanceof WriteOutcome.Written) {
                        return Mono.just(Set.<FieldName>of());
                    }
                    if (lines.size() == 1) {
                        return Mono.just(Set.of(lines.get(0).getKey()));
                    }
                    return Flux.fromIterable(lines)
                            .concatMap(line -> written(target, List.of(line)), 0)
                            .collect(HashSet<FieldName>::new, Set::addAll)
                            .map(left -> (Set<FieldName>) left);
                });
    }

    private static HttpRefused refused(WriteTarget target, int status, String reason) {
        return new HttpRefused("a write into " + target.describe(), status, reason);
    }

    private static Found find(List<Path> oldestFirst, Set<FieldName> fields) throws IOException {
        Set<FieldName> left = new HashSet<>(fields);
        Map<FieldName, byte[]> lines = new LinkedHashMap<>();
        List<Path> newestFirst = new ArrayList<>(oldestFirst);
        Collections.reverse(newestFirst);
        long bytes = 0;
        for (Path path : newestFirst) {
            if (left.isEmpty() || bytes >= MOST) {
                break;
            }
            try (OpenTsm file = OpenTsm.open(path)) {
                TsmFile.Cursor cursor = file.reader().index();
                TsmFile blocks = file.reader();
                while (bytes < MOST && cursor.next()) {
                    FieldName name = FieldName.of(cursor.key());
                    byte[] line = left.contains(name) ? sample(file, blocks, cursor) : null;
                    if (line != null) {
                        left.remove(name);
                        lines.put(name, line);
                        bytes += line.length;
                    }
                }
            }
        }
        return new Found(lines, Set.copyOf(left));
    }

    /**
     * The last point that is not deleted, if there is one that can be written: the policy may not take older ones any more.
     */
    private static byte @Nullable [] sample(OpenTsm file, TsmFile reader, TsmFile.Cursor at) throws IOException {
        if (at.key().length == 0 || at.key()[0] == '#') {
            return null; // the line would be a comment
        }
        TimeSet deleted = file.deletions().of(at.key());
        List<BlockEntry> entries = at.blocks();
        for (int entry = entries.size() - 1; entry >= 0; entry--) {
            BlockEntry one = entries.get(entry);
            if (deleted.covers(one.minTime(), one.maxTime())) {
                continue;
            }
            TsmBlock block = reader.values(at.type(), one);
            for (int i = block.size() - 1; i >= 0; i--) {
                if (!deleted.contains(block.time(i))) {
                    byte[] prefix = Lines.prefix(at.key(), Lines.seriesLength(at.key()));
                    var line = new TextBuffer(prefix.length + 64).append(prefix);
                    Lines.value(block, i, line);
                    return line.append(' ').append(block.time(i)).append('\n').toByteArray();
                }
            }
        }
        return null;
    }
}
