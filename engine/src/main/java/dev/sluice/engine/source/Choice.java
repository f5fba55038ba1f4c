package dev.sluice.engine.source;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a selection picks out of a metastore. */
final class Choice {

    private static final int NAMES_TOLD = 10;

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

    /** @throws InvalidRequest if a selection asks what only a server can answer */
    static void refuseSince(Selection selection) {
        if (selection.since().isPresent()) {
            throw new InvalidRequest(
                    "'since' asks a server what has changed; a backup cannot tell",
                    "Leave it out, or choose by -start and -end, by shard group.");
        }
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

    /** Of {@link #shards()} those of groups that are not deleted and begin before an instant. */
    List<ShardRef> alive(Instant before) {
        return shards().filter(shard -> shard.group().deletedAt().isEmpty())
                .filter(shard -> shard.group().time().start().isBefore(before))
                .map(Metastore.Located::ref)
                .toList();
    }

    /**
     * What is to be said of shards that are alive and not there, in policies of which other shards are.
     *
     * @param before groups that begin later were created ahead
     */
    Optional<Notice> gaps(Set<ShardRef> there, Instant before) {
        Set<List<String>> policies =
                there.stream().map(ref -> List.of(ref.database(), ref.policy())).collect(Collectors.toSet());
        List<ShardRef> gaps = alive(before).stream()
                .filter(ref -> !there.contains(ref) && policies.contains(List.of(ref.database(), ref.policy())))
                .toList();
        return gaps.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        Notice.warning(
                                "the metadata has shards of which there is no archive: " + told(gaps),
                                "The run was limited to other shards, or the server could not offer these, or was told to skip "
                                        + "errors; influxd does not say. A newest shard that was never written to looks the same."));
    }

    /** The first few of them, for a message. */
    static String told(Collection<ShardRef> refs) {
        return list(refs.stream().map(ShardRef::toString).toList());
    }

    /** The first few of them, for a message. */
    static String list(List<String> names) {
        String some = names.stream().limit(NAMES_TOLD).collect(Collectors.joining(", "));
        return names.size() <= NAMES_TOLD ? some : "%s and %d more".formatted(some, names.size() - NAMES_TOLD);
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
