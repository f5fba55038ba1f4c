package dev.sluice.engine.source;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.format.StreamCatalog;
import dev.sluice.engine.format.StreamManifest;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/**
 * What a stream archive says of itself before its first shard.
 *
 * @param what the stream, for people
 */
record StreamHead(String what, Metadata metadata, Metastore metastore, StreamCatalog told) {

    /** Streams have no clock to compare with. */
    static void requireNoSince(Selection selection) {
        if (selection.since().isPresent()) {
            throw new InvalidRequest(
                    "a stream cannot tell what changed since an instant",
                    "Leave out -since, or give it when the stream is made.");
        }
    }

    /** The shards that will come. */
    Set<ShardRef> announced() {
        return new LinkedHashSet<>(told.shards());
    }

    /**
     * What there is of a selection.
     *
     * @param size of a shard's tar, where it is known
     * @throws NotThere if something is selected by name that is not there
     */
    Catalog catalog(Selection selection, Function<ShardRef, OptionalLong> size) {
        Map<ShardRef, TimeRange> times = new HashMap<>();
        metastore.shards().forEach(shard -> times.put(shard.ref(), shard.group().time()));
        Set<ShardRef> announced = announced();
        List<Catalog.Entry> shards = announced.stream()
                .filter(selection::names)
                .map(ref -> new Catalog.Entry(ref, Optional.ofNullable(times.get(ref)), size.apply(ref)))
                .filter(entry -> entry.time()
                        .flatMap(group -> selection.time().map(range -> range.overlapsGroup(group)))
                        .orElse(true))
                .toList();
        List<ShardRef> notOffered =
                told.notOffered().stream().filter(selection::names).toList();
        requireSomething(selection, shards, notOffered);
        List<Notice> notices = announced.stream()
                .filter(ref -> !times.containsKey(ref))
                .map(ref -> Notice.warning(
                        "shard %s is in the stream, but not in its metadata".formatted(ref),
                        "It was dropped while the backup began; a restore cannot place it."))
                .toList();
        return new Catalog(metadata, shards, notOffered, notices, told.server().flatMap(ServerVersion::parse));
    }

    /** What the manifest says of selected shards that did not come. */
    static List<Notice> missing(StreamManifest manifest, Selection selection) {
        return manifest.missing().stream()
                .filter(missing -> selection.names(missing.ref()))
                .map(missing -> Notice.missing(
                        "shard %s is not in the stream: %s".formatted(missing.ref(), missing.why()),
                        "It was missing already when the stream was made."))
                .toList();
    }

    /** Why a shard did not come, if the manifest has come or the catalog said so before. */
    Absence absence(ShardRef shard, Optional<StreamManifest> manifest) {
        return manifest.stream()
                .flatMap(end -> end.missing().stream())
                .filter(missing -> missing.ref().equals(shard))
                .map(missing -> Absence.before(missing.why()))
                .findFirst()
                .orElseGet(() -> told.notOffered().contains(shard) ? Absence.before() : Absence.cut());
    }

    private void requireSomething(Selection selection, List<Catalog.Entry> shards, List<ShardRef> notOffered) {
        boolean none = shards.isEmpty() && notOffered.isEmpty();
        Optional<String> database = selection.database();
        if (database.isPresent() && metastore.find(database.get()).isEmpty()) {
            throw new NotThere(
                    "database '%s' is not in %s".formatted(database.get(), what),
                    "It has: "
                            + String.join(
                                    ", ",
                                    metastore.databases().stream()
                                            .map(Metastore.Database::name)
                                            .toList()));
        }
        if (none && (selection.shard().isPresent() || selection.policy().isPresent())) {
            throw new NotThere(
                    "no shard in %s is what was asked for".formatted(what),
                    "The stream has %d shards; leave out -rp and -shard for all of them."
                            .formatted(told.shards().size()));
        }
    }
}
