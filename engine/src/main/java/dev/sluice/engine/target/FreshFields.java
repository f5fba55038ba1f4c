package dev.sluice.engine.target;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.FieldName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Fields that shards got by a merge, which a server does not show of itself; see {@link FieldWriter}. */
final class FreshFields {

    /** Names that are told of one shard. */
    private static final int NAMED = 5;

    private final Optional<FieldWriter> writer;
    private final Map<ShardRef, Set<FieldName>> hidden = new ConcurrentHashMap<>();
    private final List<Notice> failed = new CopyOnWriteArrayList<>();

    /** @param writer needs the HTTP API */
    FreshFields(Optional<FieldWriter> writer) {
        this.writer = writer;
    }

    /**
     * Lets the server show them, or notes that it may not. What goes wrong is noted too: the shard itself is stored.
     *
     * @param place where the server has the shard
     * @param parts of the shard as the server has it, read when it is needed
     */
    Mono<Void> show(ShardRef place, Set<FieldName> fields, Flux<ShardPart> parts) {
        if (fields.isEmpty()) {
            return Mono.empty();
        }
        if (writer.isEmpty()) {
            hidden.put(place, fields);
            return Mono.empty();
        }
        return writer.get()
                .show(place, fields, parts)
                .doOnNext(left -> {
                    if (!left.isEmpty()) {
                        hidden.put(place, left);
                    }
                })
                .onErrorResume(SluiceException.class, e -> {
                    failed.add(Notice.missing(
                            "queries may not show these fields of shard %s, which it did not have before, as no point of them could be written: %s; %s"
                                    .formatted(place, names(fields), e.getMessage()),
                            e.hint()));
                    return Mono.empty();
                })
                .then();
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
                            ? "Run it again with --http HOST:8086: it does no harm, and such points are written. With the index 'inmem' there is nothing to do."
                            : "Write a point of each."));
        }
        return all;
    }

    private static String names(Set<FieldName> fields) {
        String first =
                fields.stream().map(FieldName::toString).sorted().limit(NAMED).collect(Collectors.joining(", "));
        return fields.size() > NAMED ? "%s and %d more".formatted(first, fields.size() - NAMED) : first;
    }
}
