package dev.sluice.engine.meta;

import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.model.Metadata;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One database of a source's metastore as a server is to import it (request type 6), under its new names.
 *
 * <p>The payload is as small as it can be, as old servers misread a large one: no other database, no user, no
 * continuous query (servers import neither), no owner of a shard, and of the shard groups only those that are alive
 * and have a shard to restore. All else is as the source's server wrote it, unknown fields included.
 *
 * @param source the database's name in the source
 * @param target its name on the server
 * @param policy the only retention policy to restore; empty: all of them, those without a shard too
 * @param policyTarget the new name of {@code policy}
 * @param shards ids of the shards to restore
 * @param keepExpired policies in which a shard has expired already keep their data for ever
 * @param subscriptions whether the policies keep theirs: the server begins to send at once
 */
public record DatabaseImport(
        String source,
        String target,
        Optional<String> policy,
        Optional<String> policyTarget,
        Set<Long> shards,
        boolean keepExpired,
        boolean subscriptions) {

    public DatabaseImport {
        shards = Set.copyOf(shards);
        if (policyTarget.isPresent() && policy.isEmpty()) {
            throw new IllegalArgumentException("a new name for a policy needs the policy");
        }
    }

    /** The name that a policy of the source gets. */
    public String policyTarget(String name) {
        return policyTarget.orElse(name);
    }

    /** Whether this policy of the source is restored. */
    public boolean takes(Metastore.Policy candidate) {
        return policy.map(candidate.name()::equals).orElse(true);
    }

    /** Whether this group is restored, with at least one of its shards. */
    public boolean takes(ShardGroup group) {
        return group.deletedAt().isEmpty() && group.shards().stream().anyMatch(shards::contains);
    }

    /** Whether the server would drop data that is restored at its next retention check. */
    public boolean expires(Metastore.Policy candidate, Instant now) {
        return candidate.groups().stream().filter(this::takes).anyMatch(group -> candidate.expired(group, now));
    }

    /**
     * The protobuf to send.
     *
     * @param now for {@link #keepExpired}
     * @throws IllegalArgumentException if the database is not in the metastore
     */
    public Metadata payload(Metadata metastore, Instant now) {
        Data all = Protobuf.parse("metastore", metastore.toByteArray(), Data::parseFrom);
        Metastore.Database view = Metastore.decode(metastore)
                .find(source)
                .orElseThrow(() -> new IllegalArgumentException("no database '%s'".formatted(source)));
        DatabaseInfo database = all.getDatabasesList().stream()
                .filter(info -> info.getName().equals(source))
                .findFirst()
                .orElseThrow();
        return Metadata.of(all.toBuilder()
                .clearNodes()
                .clearDataNodes()
                .clearMetaNodes()
                .clearUsers()
                .clearDatabases()
                .addDatabases(shaped(database, view, now))
                .build()
                .toByteArray());
    }

    private DatabaseInfo shaped(DatabaseInfo database, Metastore.Database view, Instant now) {
        List<RetentionPolicyInfo> policies = database.getRetentionPoliciesList().stream()
                .filter(info -> policy.map(info.getName()::equals).orElse(true))
                .map(info -> shaped(info, view.find(info.getName()).orElseThrow(), now))
                .toList();
        return database.toBuilder()
                .setName(target)
                .clearContinuousQueries()
                .clearRetentionPolicies()
                .addAllRetentionPolicies(policies)
                .setDefaultRetentionPolicy(defaultPolicy(database, policies))
                .build();
    }

    /** As the source has it; where that policy stays behind, the one that is restored, as influxd does it. */
    private String defaultPolicy(DatabaseInfo database, List<RetentionPolicyInfo> policies) {
        return policy.isPresent() && !policies.isEmpty()
                ? policies.get(0).getName()
                : database.getDefaultRetentionPolicy();
    }

    private RetentionPolicyInfo shaped(RetentionPolicyInfo info, Metastore.Policy view, Instant now) {
        var shaped = info.toBuilder().setName(policyTarget(info.getName())).clearShardGroups();
        for (int i = 0; i < view.groups().size(); i++) {
            if (takes(view.groups().get(i))) {
                shaped.addShardGroups(shaped(info.getShardGroups(i)));
            }
        }
        if (!subscriptions) {
            shaped.clearSubscriptions();
        }
        if (keepExpired && expires(view, now)) {
            shaped.setDuration(0);
        }
        return shaped.build();
    }

    private ShardGroupInfo shaped(ShardGroupInfo group) {
        return group.toBuilder()
                .clearShards()
                .addAllShards(group.getShardsList().stream()
                        .filter(shard -> shards.contains(shard.getId()))
                        .map(shard ->
                                shard.toBuilder().clearOwners().clearOwnerIds().build())
                        .toList())
                .build();
    }
}
