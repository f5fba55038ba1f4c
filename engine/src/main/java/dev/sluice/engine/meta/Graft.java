package dev.sluice.engine.meta;

import dev.sluice.engine.meta.Metastore.Located;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.meta.proto.UserPrivilege;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ShardRef;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/**
 * Puts databases of one metastore into another one, with new ids for their shards and groups. All else is as the source
 * has it: limits, continuous queries, fields of newer servers. A database of the same name is replaced, or only the one
 * policy if no more is taken. Users come along only where there was no metastore before.
 */
public final class Graft {

    private final Optional<Metadata> base;
    private final Metadata source;
    private final List<DatabaseImport> imports;
    private final BiFunction<DatabaseImport, String, String> queries;
    private final Map<Long, Long> ids = new LinkedHashMap<>();
    private long lastId;

    /**
     * Gives each shard its id.
     *
     * @param base what is grafted upon; empty: nothing was there, and ids stay as they are if they may
     * @param floor the greatest id that must not be given again
     * @param queries gives a continuous query the new names of its database and policies
     */
    public Graft(
            Optional<Metadata> base,
            Metadata source,
            List<DatabaseImport> imports,
            long floor,
            BiFunction<DatabaseImport, String, String> queries) {
        this.base = base;
        this.source = source;
        this.imports = List.copyOf(imports);
        this.queries = queries;
        boolean keep = base.isEmpty() && floor == 0;
        this.lastId = Math.max(floor, base.map(b -> data(b).getMaxShardId()).orElse(0L));
        for (DatabaseImport taken : imports) {
            for (long id : taken.shards().stream().sorted().toList()) {
                ids.put(id, keep ? id : ++lastId);
                lastId = Math.max(lastId, ids.get(id));
            }
        }
    }

    /** The id that a shard of the source gets. */
    public long idOf(long shard) {
        Long id = ids.get(shard);
        if (id == null) {
            throw new IllegalArgumentException("shard %s is not taken".formatted(Long.toUnsignedString(shard)));
        }
        return id;
    }

    /** Shards of the base that are not in the result any more, as their database or policy was replaced. */
    public List<ShardRef> replaced() {
        if (base.isEmpty()) {
            return List.of();
        }
        return Metastore.decode(base.get())
                .shards()
                .filter(shard -> imports.stream().anyMatch(taken -> replaces(taken, shard)))
                .map(Located::ref)
                .toList();
    }

    private static boolean replaces(DatabaseImport taken, Located shard) {
        return shard.database().name().equals(taken.target())
                && taken.policy()
                        .map(policy -> shard.policy().name().equals(taken.policyTarget(policy)))
                        .orElse(true);
    }

    /**
     * The metastore with all that is taken.
     *
     * @param there ids, in the source, of the shards that are really there: groups without one are left out
     * @param now for policies that are not to expire
     */
    public Metadata result(Set<Long> there, Instant now) {
        Data from = data(source);
        Metastore view = Metastore.decode(source);
        Data.Builder result = base.map(b -> data(b).toBuilder())
                .orElseGet(() -> from.toBuilder()
                        .clearNodes()
                        .clearDataNodes()
                        .clearMetaNodes()
                        .clearDatabases()
                        .setMaxShardGroupId(0)
                        .setMaxShardId(0));
        boolean keep = base.isEmpty();
        if (keep) {
            renamePrivileges(result);
        }
        for (DatabaseImport taken : imports) {
            DatabaseInfo info = from.getDatabasesList().stream()
                    .filter(database -> database.getName().equals(taken.source()))
                    .findFirst()
                    .orElseThrow();
            Metastore.Database database = view.find(taken.source()).orElseThrow();
            var policies = new ArrayList<RetentionPolicyInfo>();
            for (int i = 0; i < database.policies().size(); i++) {
                Policy policy = database.policies().get(i);
                if (taken.takes(policy)) {
                    policies.add(policy(taken, info.getRetentionPolicies(i), policy, there, result, keep, now));
                }
            }
            put(result, taken, info, policies);
        }
        return Metadata.of(result.setIndex(result.getIndex() + 1)
                .setMaxShardId(Math.max(result.getMaxShardId(), lastId))
                .build()
                .toByteArray());
    }

    private RetentionPolicyInfo policy(
            DatabaseImport taken,
            RetentionPolicyInfo info,
            Policy policy,
            Set<Long> there,
            Data.Builder result,
            boolean keep,
            Instant now) {
        var grafted =
                info.toBuilder().setName(taken.policyTarget(info.getName())).clearShardGroups();
        for (int i = 0; i < policy.groups().size(); i++) {
            ShardGroup group = policy.groups().get(i);
            if (taken.takes(group) && group.shards().stream().anyMatch(there::contains)) {
                long id = keep ? group.id() : result.getMaxShardGroupId() + 1;
                result.setMaxShardGroupId(Math.max(result.getMaxShardGroupId(), id));
                grafted.addShardGroups(group(info.getShardGroups(i), id, there));
            }
        }
        if (!taken.subscriptions()) {
            grafted.clearSubscriptions();
        }
        if (taken.keepExpired() && taken.expires(policy, now)) {
            grafted.setDuration(0);
        }
        return grafted.build();
    }

    private ShardGroupInfo group(ShardGroupInfo info, long id, Set<Long> there) {
        return info.toBuilder()
                .setId(id)
                .clearShards()
                .addAllShards(info.getShardsList().stream()
                        .filter(shard -> there.contains(shard.getId()))
                        .map(shard -> shard.toBuilder()
                                .setId(idOf(shard.getId()))
                                .clearOwners()
                                .clearOwnerIds()
                                .build())
                        .toList())
                .build();
    }

    private void put(Data.Builder result, DatabaseImport taken, DatabaseInfo info, List<RetentionPolicyInfo> policies) {
        for (int i = 0; i < result.getDatabasesCount(); i++) {
            DatabaseInfo there = result.getDatabases(i);
            if (!there.getName().equals(taken.target())) {
                continue;
            }
            if (taken.policy().isEmpty()) {
                result.setDatabases(i, whole(taken, info, policies));
                return;
            }
            Set<String> names = Set.copyOf(
                    policies.stream().map(RetentionPolicyInfo::getName).toList());
            result.setDatabases(
                    i,
                    there.toBuilder()
                            .clearRetentionPolicies()
                            .addAllRetentionPolicies(there.getRetentionPoliciesList().stream()
                                    .filter(policy -> !names.contains(policy.getName()))
                                    .toList())
                            .addAllRetentionPolicies(policies)
                            .build());
            return;
        }
        result.addDatabases(whole(taken, info, policies));
    }

    /** Where the default policy stays behind, the one that is taken becomes it, as influxd does it. */
    private DatabaseInfo whole(DatabaseImport taken, DatabaseInfo info, List<RetentionPolicyInfo> policies) {
        String byDefault = taken.policy().isPresent() && !policies.isEmpty()
                ? policies.get(0).getName()
                : info.getDefaultRetentionPolicy();
        return info.toBuilder()
                .setName(taken.target())
                .setDefaultRetentionPolicy(byDefault)
                .clearRetentionPolicies()
                .addAllRetentionPolicies(policies)
                .clearContinuousQueries()
                .addAllContinuousQueries(info.getContinuousQueriesList().stream()
                        .map(query -> query.toBuilder()
                                .setQuery(queries.apply(taken, query.getQuery()))
                                .build())
                        .toList())
                .build();
    }

    /**
     * Those on a database that gets another name: they come along with their users. Those on one that is not taken stay
     * behind where another gets its name.
     */
    private void renamePrivileges(Data.Builder result) {
        Map<String, String> names =
                imports.stream().collect(Collectors.toMap(DatabaseImport::source, DatabaseImport::target));
        for (int i = 0; i < result.getUsersCount(); i++) {
            var user = result.getUsers(i).toBuilder();
            List<UserPrivilege> all = user.getPrivilegesList();
            user.clearPrivileges();
            for (UserPrivilege privilege : all) {
                String name = privilege.getDatabase();
                if (names.containsKey(name) || !names.containsValue(name)) {
                    user.addPrivileges(privilege.toBuilder().setDatabase(names.getOrDefault(name, name)));
                }
            }
            result.setUsers(i, user);
        }
    }

    private static Data data(Metadata metadata) {
        return Protobuf.parse("metastore", metadata.toByteArray(), Data::parseFrom);
    }
}
