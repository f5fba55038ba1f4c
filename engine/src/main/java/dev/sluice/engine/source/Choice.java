package dev.sluice.engine.source;

import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a selection picks out of a metastore. */
final class Choice {

    private final Metastore metastore;
    private final Selection selection;
    private final String where;

    /**
     * Checks the names.
     *
     * @param where for messages: {@code on the server}
     * @throws NotThere if the selection names what the metastore does not have
     */
    Choice(Metastore metastore, Selection selection, String where) {
        this.metastore = metastore;
        this.selection = selection;
        this.where = where;
        selection.database().ifPresent(this::requireDatabase);
        selection.shard().ifPresent(this::requireShard);
    }

    Metastore metastore() {
        return metastore;
    }

    Selection selection() {
        return selection;
    }

    /** Whether a shard group's time is selected. */
    boolean inTime(TimeRange group) {
        return selection.time().map(range -> range.overlapsGroup(group)).orElse(true);
    }

    /** All shards of the metastore that are selected by name and time, in its order; each id once. */
    Stream<Metastore.Located> shards() {
        return metastore
                .shards()
                .filter(shard ->
                        metastore.locate(shard.id()).map(Metastore.Located::ref).equals(Optional.of(shard.ref())))
                .filter(shard -> selection.names(shard.ref()))
                .filter(shard -> inTime(shard.group().time()));
    }

    private void requireDatabase(String name) {
        Metastore.Database database = metastore
                .find(name)
                .orElseThrow(() -> new NotThere(
                        "database '%s' does not exist %s".formatted(name, where),
                        "It has: "
                                + quoted(metastore.databases().stream()
                                        .map(Metastore.Database::name)
                                        .toList())));
        selection.policy().ifPresent(policy -> {
            if (database.find(policy).isEmpty()) {
                throw new NotThere(
                        "retention policy '%s' does not exist in database '%s'".formatted(policy, name),
                        "It has: "
                                + quoted(database.policies().stream()
                                        .map(Metastore.Policy::name)
                                        .toList()));
            }
        });
    }

    private void requireShard(long id) {
        ShardRef found = metastore
                .locate(id)
                .map(Metastore.Located::ref)
                .orElseThrow(() -> new NotThere(
                        "shard %s does not exist %s".formatted(Long.toUnsignedString(id), where),
                        "SHOW SHARDS lists the ids of all shards of a server."));
        if (!selection.names(found)) {
            throw new NotThere(
                    "shard %s belongs to %s/%s, not to what was asked for"
                            .formatted(found.idText(), found.database(), found.policy()),
                    "Leave out -db and -rp: the shard's id is enough.");
        }
    }

    private static String quoted(List<String> names) {
        return names.isEmpty()
                ? "nothing."
                : names.stream().map(n -> "'" + n + "'").collect(Collectors.joining(", "));
    }
}
