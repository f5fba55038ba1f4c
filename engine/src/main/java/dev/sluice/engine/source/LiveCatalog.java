package dev.sluice.engine.source;

import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.wire.SnapshotRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What a live server has of a selection, from its metastore and its path list. No socket in here.
 */
final class LiveCatalog {

    private final Metastore metastore;
    private final Selection selection;
    private final Choice choice;

    /**
     * Checks the names.
     *
     * @throws NotThere if the selection names what the metastore does not have
     */
    LiveCatalog(Metastore metastore, Selection selection) {
        this.metastore = metastore;
        this.selection = selection;
        this.choice = new Choice(metastore, selection, "on the server");
    }

    /** The shards that the server lists, of all that the selection covers. */
    Mono<List<ShardRef>> paths(LiveServer server) {
        SnapshotRequest listing = listing();
        if (server.transport().protocol() == Protocol.V1_5
                || !listing.equals(new SnapshotRequest.DatabaseInfo(Optional.empty()))) {
            return server.paths(listing);
        }
        // One database at a time: before 1.5 there is no list of all.
        return Flux.fromIterable(metastore.databases())
                .concatMap(database -> server.paths(new SnapshotRequest.DatabaseInfo(Optional.of(database.name()))), 0)
                .collect(ArrayList::new, List::addAll);
    }

    /** The request for the path list that covers the selection. */
    private SnapshotRequest listing() {
        return selection
                .database()
                .<SnapshotRequest>map(database -> selection
                        .policy()
                        .<SnapshotRequest>map(policy -> new SnapshotRequest.PolicyInfo(database, policy))
                        .orElseGet(() -> new SnapshotRequest.DatabaseInfo(Optional.of(database))))
                .orElseGet(() -> new SnapshotRequest.DatabaseInfo(Optional.empty()));
    }

    /**
     * Puts the catalog together.
     *
     * @param paths what the server lists, in its order
     * @param now shards of groups that begin later were created ahead and may not exist yet
     */
    Catalog of(Metadata metadata, List<ShardRef> paths, Instant now) {
        Map<ShardRef, Metastore.Located> known = metastore
                .shards()
                .collect(Collectors.toMap(Metastore.Located::ref, Function.identity(), (first, second) -> first));
        List<Catalog.Entry> entries = new LinkedHashSet<>(paths)
                .stream()
                        .filter(selection::names)
                        .map(ref -> new Catalog.Entry(ref, timeOf(known.get(ref)), OptionalLong.empty()))
                        .filter(entry -> entry.time().map(choice::inTime).orElse(true))
                        .toList();
        Set<ShardRef> listed = Set.copyOf(paths);
        List<ShardRef> notOffered = metastore
                .shards()
                .filter(shard -> shard.group().deletedAt().isEmpty())
                .filter(shard -> !shard.group().time().start().isAfter(now))
                .filter(shard -> choice.inTime(shard.group().time()))
                .map(Metastore.Located::ref)
                .filter(selection::names)
                .filter(ref -> !listed.contains(ref))
                .toList();
        if (entries.isEmpty() && notOffered.isEmpty() && selection.shard().isPresent()) {
            throw new NotThere(
                    "shard %s is not offered by the server"
                            .formatted(Long.toUnsignedString(selection.shard().get())),
                    "Its group was deleted or lies outside the time range; SHOW SHARDS lists what there is.");
        }
        return new Catalog(metadata, entries, notOffered);
    }

    private static Optional<TimeRange> timeOf(Metastore.@Nullable Located shard) {
        return shard == null ? Optional.empty() : Optional.of(shard.group().time());
    }
}
