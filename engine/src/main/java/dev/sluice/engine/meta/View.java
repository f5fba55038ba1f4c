package dev.sluice.engine.meta;

import dev.sluice.engine.meta.Metastore.ContinuousQuery;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Grant;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.Privilege;
import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.meta.Metastore.Subscription;
import dev.sluice.engine.meta.Metastore.User;
import dev.sluice.engine.meta.proto.ContinuousQueryInfo;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.meta.proto.ShardInfo;
import dev.sluice.engine.meta.proto.SubscriptionInfo;
import dev.sluice.engine.meta.proto.UserInfo;
import dev.sluice.engine.meta.proto.UserPrivilege;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.TimeRange;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Messages to records and back. */
final class View {

    private static final long NANOS = 1_000_000_000L;

    private View() {}

    static Metastore of(Metadata metadata, Data data) {
        return new Metastore(
                metadata,
                data.getClusterId(),
                data.getDatabasesList().stream().map(View::database).toList(),
                data.getUsersList().stream().map(View::user).toList());
    }

    private static Database database(DatabaseInfo info) {
        return new Database(
                info.getName(),
                info.getDefaultRetentionPolicy(),
                info.getRetentionPoliciesList().stream().map(View::policy).toList(),
                info.getContinuousQueriesList().stream()
                        .map(query -> new ContinuousQuery(query.getName(), query.getQuery()))
                        .toList());
    }

    private static Policy policy(RetentionPolicyInfo info) {
        return new Policy(
                info.getName(),
                Duration.ofNanos(info.getDuration()),
                Duration.ofNanos(info.getShardGroupDuration()),
                info.getReplicaN(),
                info.getShardGroupsList().stream().map(View::group).toList(),
                info.getSubscriptionsList().stream()
                        .map(s -> new Subscription(s.getName(), s.getMode(), s.getDestinationsList()))
                        .toList());
    }

    private static ShardGroup group(ShardGroupInfo info) {
        return new ShardGroup(
                info.getId(),
                new TimeRange(instant(start(info)), instant(info.getEndTime())),
                event(info.getDeletedAt()),
                event(info.getTruncatedAt()),
                info.getShardsList().stream().map(ShardInfo::getId).toList());
    }

    /** Where a group begins before the first time that there is, a server writes what remains of it in 64 bits. */
    private static long start(ShardGroupInfo info) {
        long start = info.getStartTime();
        boolean wrapped = start > info.getEndTime() && info.getEndTime() - start > 0;
        return wrapped ? Long.MIN_VALUE : start;
    }

    private static User user(UserInfo info) {
        return new User(
                info.getName(),
                info.getAdmin(),
                info.getPrivilegesList().stream()
                        .map(p -> new Grant(p.getDatabase(), privilege(p)))
                        .toList());
    }

    private static Privilege privilege(UserPrivilege info) {
        return switch (info.getPrivilege()) {
            case 0 -> Privilege.NONE;
            case 1 -> Privilege.READ;
            case 2 -> Privilege.WRITE;
            case 3 -> Privilege.ALL;
            default -> Privilege.OTHER;
        };
    }

    /** Zero means 1970 here, but that it never happened where it tells of an event. */
    private static Optional<Instant> event(long nanos) {
        return nanos == 0 ? Optional.empty() : Optional.of(instant(nanos));
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS), Math.floorMod(nanos, NANOS));
    }

    static Data data(long clusterId, List<Database> databases) {
        Stream<ShardGroup> groups =
                databases.stream().flatMap(d -> d.policies().stream()).flatMap(p -> p.groups().stream());
        long[] max = {0, 0};
        groups.forEach(group -> {
            max[0] = maxUnsigned(max[0], group.id());
            group.shards().forEach(id -> max[1] = maxUnsigned(max[1], id));
        });
        return Data.newBuilder()
                .setTerm(0)
                .setIndex(1)
                .setClusterId(clusterId)
                .addAllDatabases(databases.stream().map(View::info).toList())
                .setMaxNodeId(0)
                .setMaxShardGroupId(max[0])
                .setMaxShardId(max[1])
                .build();
    }

    private static DatabaseInfo info(Database database) {
        return DatabaseInfo.newBuilder()
                .setName(database.name())
                .setDefaultRetentionPolicy(database.defaultPolicy())
                .addAllRetentionPolicies(
                        database.policies().stream().map(View::info).toList())
                .addAllContinuousQueries(database.continuousQueries().stream()
                        .map(query -> ContinuousQueryInfo.newBuilder()
                                .setName(query.name())
                                .setQuery(query.query())
                                .build())
                        .toList())
                .build();
    }

    private static RetentionPolicyInfo info(Policy policy) {
        return RetentionPolicyInfo.newBuilder()
                .setName(policy.name())
                .setDuration(nanos(policy.duration()))
                .setShardGroupDuration(nanos(policy.shardGroupDuration()))
                .setReplicaN(policy.replicaN())
                .addAllShardGroups(policy.groups().stream().map(View::info).toList())
                .addAllSubscriptions(policy.subscriptions().stream()
                        .map(s -> SubscriptionInfo.newBuilder()
                                .setName(s.name())
                                .setMode(s.mode())
                                .addAllDestinations(s.destinations())
                                .build())
                        .toList())
                .build();
    }

    private static ShardGroupInfo info(ShardGroup group) {
        var info = ShardGroupInfo.newBuilder()
                .setId(group.id())
                .setStartTime(nanos(group.time().start()))
                .setEndTime(nanos(group.time().end()))
                .setDeletedAt(group.deletedAt().map(View::nanos).orElse(0L))
                .addAllShards(group.shards().stream()
                        .map(id -> ShardInfo.newBuilder().setId(id).build())
                        .toList());
        group.truncatedAt().ifPresent(at -> info.setTruncatedAt(nanos(at)));
        return info.build();
    }

    private static long nanos(Duration duration) {
        return nanos(duration, duration.getSeconds(), duration.getNano());
    }

    private static long nanos(Instant time) {
        return nanos(time, time.getEpochSecond(), time.getNano());
    }

    private static long nanos(Object value, long seconds, int nanos) {
        try {
            // the lowest second that fits does so only together with its nanoseconds
            return seconds < 0
                    ? Math.addExact(Math.multiplyExact(seconds + 1, NANOS), nanos - NANOS)
                    : Math.addExact(Math.multiplyExact(seconds, NANOS), nanos);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(value + " has more nanoseconds than an int64 holds", e);
        }
    }

    private static long maxUnsigned(long a, long b) {
        return Long.compareUnsigned(a, b) >= 0 ? a : b;
    }
}
