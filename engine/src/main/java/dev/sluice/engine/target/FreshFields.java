package dev.sluice.engine.target;

import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.FieldName;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Fields that shards got by a merge, which a server does not show of itself; see {@link FieldWriter}. */
final class FreshFields {

    /** Names that are told of one shard. */
    private static final int NAMED = 5;

    /** Files of this restore are looked for first, by their time on the server's clock. */
    private static final Duration SKEW = Duration.ofHours(1);

    private static final String REMEDY =
            "Write a point of each that is in the backup, or all of them with 'sluice copy -shard N BACKUP http://HOST:8086'.";

    private final Optional<FieldWriter> writer;
    private final Instant begun;
    private final Map<ShardRef, Set<FieldName>> brought = new ConcurrentHashMap<>();
    private final Map<ShardRef, Set<FieldName>> hidden = new ConcurrentHashMap<>();
    private final List<Notice> failed = new CopyOnWriteArrayList<>();

    /**
     * @param writer needs the HTTP API
     * @param begun when the restore did
     */
    FreshFields(Optional<FieldWriter> writer, Instant begun) {
        this.writer = writer;
        this.begun = begun;
    }

    /** An attempt has brought them, whatever becomes of it: to the next one they look as if they had been there. */
    void seen(ShardRef place, Set<FieldName> fields) {
        if (!fields.isEmpty()) {
            brought.merge(place, fields, FreshFields::union);
        }
    }

    /**
     * Lets the server show what all attempts at a shard have brought, or notes that it may not. What goes wrong is noted too:
     * the shard itself is stored.
     *
     * @param place where the server has the shard
     * @param read gives what the server has of the shard in files that are not older than an instant
     */
    Mono<Void> show(ShardRef place, Function<Instant, Flux<ShardPart>> read) {
        Set<FieldName> fields = brought.getOrDefault(place, Set.of());
        if (fields.isEmpty()) {
            return Mono.empty();
        }
        if (writer.isEmpty()) {
            hidden.put(place, fields);
            return Mono.empty();
        }
        FieldWriter to = writer.get();
        return to.show(place, fields, read.apply(begun.minus(SKEW)))
                // The server's clock may be far behind.
                .flatMap(left -> left.isEmpty() ? Mono.just(left) : to.show(place, left, read.apply(ShardBackup.ALL)))
                .doOnNext(left -> {
                    if (!left.isEmpty()) {
                        hidden.put(place, left);
                    }
                })
                .onErrorResume(e -> e instanceof SluiceException && !(e instanceof EngineBroken), e -> {
                    failed.add(Notice.missing(
                            "queries may not show these fields of shard %s, which it did not have before, as no point of them could be written: %s; %s"
                                    .formatted(place, names(fields), e.getMessage()),
                            REMEDY));
                    return Mono.empty();
                })
                .then();
    }

    private static Set<FieldName> union(Set<FieldName> one, Set<FieldName> other) {
        Set<FieldName> all = new HashSet<>(one);
        all.addAll(other);
        return Set.copyOf(all);
    }

    List<Notice> notices() {
        List<Notice> all = new ArrayList<>(failed);
        if (!hidden.isEmpty()) {
            all.add(Notice.missing(
                    "fields are stored that these shards did not have before, and a server with a TSI index shows them only when a point of each is written: "
                            + hidden.entrySet().stream()
                                    .map(shard -> "%s (%s)".formatted(shard.getKey(), names(shard.getValue())))
                                    .sorted()
                                    .collect(Collectors.joining(", ")),
                    writer.isEmpty()
                            ? "With the index 'inmem', or to 'sluice serve', there is nothing to do. Else: " + REMEDY
                                    + " With --http a restore writes such points itself."
                            : REMEDY));
        }
        return all;
    }

    private static String names(Set<FieldName> fields) {
        String first =
                fields.stream().map(FieldName::toString).sorted().limit(NAMED).collect(Collectors.joining(", "));
        return fields.size() > NAMED ? "%s and %d more".formatted(first, fields.size() - NAMED) : first;
    }
}
