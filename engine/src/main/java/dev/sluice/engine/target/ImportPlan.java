package dev.sluice.engine.target;

import dev.sluice.engine.line.InfluxQl;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Located;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which databases of a catalog a server is to import, and what is to be said of them. No socket in here. */
final class ImportPlan {

    private static final String INTERNAL = "_internal";

    private final Metastore source;
    private final LiveOptions options;
    private final Instant now;
    private final List<DatabaseImport> imports = new ArrayList<>();
    private final List<DatabaseImport> merges = new ArrayList<>();
    private final List<String> existing = new ArrayList<>();
    private final Map<ShardRef, String> refused = new LinkedHashMap<>();
    private final List<Notice> notices = new ArrayList<>();

    /**
     * @param server what the server has now
     * @param now for what has expired
     */
    ImportPlan(Catalog catalog, LiveOptions options, Metastore server, Instant now) {
        this.source = Metastore.decode(catalog.metadata());
        this.options = options;
        this.now = now;
        Map<String, List<ShardRef>> byDatabase = catalog.shards().stream()
                .map(Catalog.Entry::ref)
                .collect(Collectors.groupingBy(ShardRef::database, LinkedHashMap::new, Collectors.toList()));
        for (String database : databases(byDatabase)) {
            plan(database, byDatabase.getOrDefault(database, List.of()), server);
        }
        byDatabase.forEach((database, shards) -> {
            if (source.find(database).isEmpty()) {
                shards.forEach(shard -> refused.put(shard, "the backup's metadata does not know its database"));
            }
        });
    }

    /** What to import, in the source's order. */
    List<DatabaseImport> imports() {
        return imports;
    }

    /** What goes into databases that exist, in the source's order. */
    List<DatabaseImport> merges() {
        return merges;
    }

    /** Names on the server that are taken, so that nothing is restored under them. */
    List<String> existing() {
        return existing;
    }

    Map<ShardRef, String> refused() {
        return refused;
    }

    /** Takes one back: it cannot work. */
    void refuse(DatabaseImport wanted, String why) {
        imports.remove(wanted);
        shardsOf(wanted).forEach(shard -> refused.put(shard, why));
        if (wanted.shards().isEmpty()) {
            notices.add(Notice.missing("database '%s' is not made: %s".formatted(wanted.target(), why), ""));
        }
    }

    /** What the catalog's metadata says. */
    Metastore source() {
        return source;
    }

    /** The shards of an import as the source names them. */
    Stream<ShardRef> shardsOf(DatabaseImport wanted) {
        return locatedOf(wanted).map(Located::ref);
    }

    /** The same with all that they lie in. */
    Stream<Located> locatedOf(DatabaseImport wanted) {
        return wanted.shards().stream().map(id -> source.locate(id).orElseThrow());
    }

    List<Notice> notices() {
        return notices;
    }

    /**
     * Those that were asked for by name or by a shard; else all that have a shard here, and those that have none at all
     * and so are whole without one.
     */
    private Set<String> databases(Map<String, List<ShardRef>> byDatabase) {
        var selection = options.selection();
        if (selection.database().isPresent()) {
            return Set.of(selection.database().get());
        }
        if (selection.shard().isPresent()) {
            return byDatabase.keySet();
        }
        return source.databases().stream()
                .filter(database -> !database.name().equals(INTERNAL))
                .filter(database -> byDatabase.containsKey(database.name()) || isEmpty(database))
                .map(Database::name)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static boolean isEmpty(Database database) {
        return database.policies().stream()
                .flatMap(policy -> policy.groups().stream())
                .allMatch(
                        group -> group.deletedAt().isPresent() || group.shards().isEmpty());
    }

    private void plan(String name, List<ShardRef> shards, Metastore server) {
        Optional<Database> database = source.find(name);
        if (database.isEmpty()) {
            return;
        }
        String target = options.mapping().database().orElse(name);
        boolean exists = server.find(target).isPresent();
        if (exists && options.intoExisting().isEmpty()) {
            existing.add(target);
            String why = "database '%s' exists already; -db with -newdb restores beside it, --into-existing into it"
                    .formatted(target);
            shards.forEach(shard -> refused.put(shard, why));
            if (shards.isEmpty()) {
                notices.add(Notice.missing("database '%s' exists already, and stays as it is".formatted(target), ""));
            }
            return;
        }
        Set<Long> known = new LinkedHashSet<>();
        for (ShardRef shard : shards) {
            if (source.locate(shard.id())
                    .map(Located::ref)
                    .filter(shard::equals)
                    .isPresent()) {
                known.add(shard.id());
            } else {
                refused.put(shard, "the backup's metadata does not know it");
            }
        }
        Optional<String> policy = options.selection()
                .policy()
                .or(() -> options.selection()
                        .shard()
                        .flatMap(id ->
                                source.locate(id).map(shard -> shard.policy().name())));
        var planned = new DatabaseImport(
                name,
                target,
                policy,
                policy.flatMap(p -> options.mapping().policy()),
                known,
                options.keepExpired(),
                options.subscriptions());
        (exists ? merges : imports).add(planned);
        tell(database.get(), planned, server.find(target));
    }

    /** @param there what the server has under that name; its policies stay as they are */
    private void tell(Database database, DatabaseImport planned, Optional<Database> there) {
        for (Policy policy : database.policies()) {
            if (!planned.takes(policy)
                    || there.flatMap(known -> known.find(planned.policyTarget(policy.name())))
                            .isPresent()) {
                continue;
            }
            if (planned.expires(policy, now)) {
                tellOfExpiry(policy, planned);
            }
            if (!options.subscriptions() && !policy.subscriptions().isEmpty()) {
                notices.add(Notice.note(
                        "%d subscriptions of %s/%s are left out, so that the server does not send to the old destinations: %s"
                                .formatted(
                                        policy.subscriptions().size(),
                                        planned.target(),
                                        planned.policyTarget(policy.name()),
                                        policy.subscriptions().stream()
                                                .map(Metastore.Subscription::name)
                                                .collect(Collectors.joining(", "))),
                        "--with-subscriptions brings them back."));
            }
        }
    }

    private void tellOfExpiry(Policy policy, DatabaseImport planned) {
        long groups = policy.groups().stream()
                .filter(planned::takes)
                .filter(group -> policy.expired(group, now))
                .count();
        String name = planned.policyTarget(policy.name());
        if (options.keepExpired()) {
            notices.add(Notice.warning(
                    "retention policy '%s' of database '%s' keeps its data for ever now: %d of its shard groups are older "
                                    .formatted(name, planned.target(), groups)
                            + "than its duration of " + hours(policy),
                    "To have it back, and to lose them: ALTER RETENTION POLICY %s ON %s DURATION %s"
                            .formatted(InfluxQl.quoted(name), InfluxQl.quoted(planned.target()), hours(policy))));
        } else {
            notices.add(Notice.warning(
                    "%d shard groups of %s/%s are older than the policy's duration of %s: the server drops them at its "
                                    .formatted(groups, planned.target(), name, hours(policy))
                            + "next retention check, within half an hour",
                    "--keep-expired restores the policy without an expiry."));
        }
    }

    private static String hours(Policy policy) {
        return policy.duration().toSeconds() % 3600 == 0
                ? policy.duration().toHours() + "h"
                : policy.duration().toSeconds() + "s";
    }

    /**
     * Where the shards of an import are on the server: the group of the same policy and time has them. What is not there
     * is left out.
     *
     * @param server what the server has after the import
     * @param told the server's own map of ids, where it came; a group of several shards cannot do without
     */
    Map<ShardRef, ShardRef> placed(DatabaseImport done, Metastore server, Map<Long, Long> told) {
        Map<ShardRef, ShardRef> places = new LinkedHashMap<>();
        Optional<Database> there = server.find(done.target());
        for (long id : done.shards()) {
            Located shard = source.locate(id).orElseThrow();
            there
                    .flatMap(database ->
                            database.find(done.policyTarget(shard.policy().name())))
                    .stream()
                    .flatMap(policy -> policy.groups().stream())
                    .filter(group -> group.time().equals(shard.group().time())
                            && group.deletedAt().isEmpty())
                    .map(Metastore.ShardGroup::shards)
                    .map(ids -> placeOf(id, ids, told))
                    .flatMap(Optional::stream)
                    .findFirst()
                    .ifPresent(place -> places.put(
                            shard.ref(),
                            new ShardRef(
                                    done.target(),
                                    done.policyTarget(shard.policy().name()),
                                    place)));
        }
        return places;
    }

    private static Optional<Long> placeOf(long id, List<Long> group, Map<Long, Long> told) {
        Long place = told.get(id);
        if (place != null) {
            return group.contains(place) ? Optional.of(place) : Optional.empty();
        }
        return told.isEmpty() && group.size() == 1 ? Optional.of(group.get(0)) : Optional.empty();
    }
}
