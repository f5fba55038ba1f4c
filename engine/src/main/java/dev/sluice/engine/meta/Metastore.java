package dev.sluice.engine.meta;

import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Names;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A server's metastore, to read. Immutable, so that any thread may.
 *
 * <p>Lists have the order of the server, which is the order of creation. {@link #toMetadata()} gives the very
 * bytes that were decoded, with all that this view does not show: password hashes, write limits, shard
 * owners, fields of newer servers.
 */
public final class Metastore {

    private final Metadata metadata;
    private final long clusterId;
    private final List<Database> databases;
    private final List<User> users;
    private final Map<Long, Located> byId = new HashMap<>();

    Metastore(Metadata metadata, long clusterId, List<Database> databases, List<User> users) {
        this.metadata = metadata;
        this.clusterId = clusterId;
        this.databases = List.copyOf(databases);
        this.users = List.copyOf(users);
        shards().forEach(shard -> byId.putIfAbsent(shard.id(), shard));
    }

    /**
     * Reads a metastore.
     *
     * @throws MalformedResponse when it is not the protobuf that servers write, or when it has names that no
     *     path may be made of
     */
    public static Metastore decode(Metadata metadata) {
        Data data = Protobuf.parse("metastore", metadata.toByteArray(), Data::parseFrom);
        try {
            return View.of(metadata, data);
        } catch (IllegalArgumentException e) {
            throw new MalformedResponse("metastore: " + e.getMessage(), 0);
        }
    }

    /**
     * Makes a metastore of its parts, with all that a server requires of one and no users.
     *
     * @param clusterId unsigned; tells servers apart
     * @throws IllegalArgumentException when a time or a duration is out of the range of int64 nanoseconds
     */
    public static Metastore of(long clusterId, List<Database> databases) {
        Metadata metadata = Metadata.of(View.data(clusterId, databases).toByteArray());
        return new Metastore(metadata, clusterId, databases, List.of());
    }

    /** The metastore as a server reads it: what was decoded, byte for byte. */
    public Metadata toMetadata() {
        return metadata;
    }

    /** A random number that a server gave itself when its metastore was made; unsigned. */
    public long clusterId() {
        return clusterId;
    }

    public List<Database> databases() {
        return databases;
    }

    public List<User> users() {
        return users;
    }

    public Optional<Database> find(String database) {
        return databases.stream().filter(d -> d.name().equals(database)).findFirst();
    }

    /** Where a shard belongs. Ids are unique on a server; in a metastore that is not so, the first one counts. */
    public Optional<Located> locate(long shardId) {
        return Optional.ofNullable(byId.get(shardId));
    }

    /**
     * All shards in metastore order, in which the server lists them too. Those of deleted groups are among
     * them, and those of groups created ahead, which no server has on disk yet.
     */
    public Stream<Located> shards() {
        return databases.stream()
                .flatMap(database -> database.policies().stream()
                        .flatMap(policy -> policy.groups().stream()
                                .flatMap(group ->
                                        group.shards().stream().map(id -> new Located(database, policy, group, id)))));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Metastore that && metadata.equals(that.metadata);
    }

    @Override
    public int hashCode() {
        return metadata.hashCode();
    }

    @Override
    public String toString() {
        return "metastore of %d databases and %d shards".formatted(databases.size(), byId.size());
    }

    /** A shard with all that it lies in. */
    public record Located(Database database, Policy policy, ShardGroup group, long id) {

        public ShardRef ref() {
            return new ShardRef(database.name(), policy.name(), id);
        }
    }

    /**
     * A database.
     *
     * @param defaultPolicy may be empty
     */
    public record Database(
            String name, String defaultPolicy, List<Policy> policies, List<ContinuousQuery> continuousQueries) {

        public Database {
            requireValid("database", name);
            policies = List.copyOf(policies);
            continuousQueries = List.copyOf(continuousQueries);
        }

        /** With the first policy as default and without continuous queries. */
        public static Database of(String name, Policy... policies) {
            return new Database(name, policies.length == 0 ? "" : policies[0].name(), List.of(policies), List.of());
        }

        public Optional<Policy> find(String policy) {
            return policies.stream().filter(p -> p.name().equals(policy)).findFirst();
        }
    }

    /**
     * A retention policy.
     *
     * @param duration how long data is kept; zero: for ever
     * @param shardGroupDuration the span of one group
     * @param replicaN 1 on open source servers, which carry other values along without effect
     */
    public record Policy(
            String name,
            Duration duration,
            Duration shardGroupDuration,
            int replicaN,
            List<ShardGroup> groups,
            List<Subscription> subscriptions) {

        public Policy {
            requireValid("retention policy", name);
            groups = List.copyOf(groups);
            subscriptions = List.copyOf(subscriptions);
        }

        /** Whether a server's retention check at this time drops a group of this policy. */
        public boolean expired(ShardGroup group, Instant now) {
            return !duration.isZero() && group.time().end().plus(duration).isBefore(now);
        }

        /** One that keeps its data for ever, in one copy, without subscriptions. */
        public static Policy of(String name, Duration shardGroupDuration, ShardGroup... groups) {
            return new Policy(name, Duration.ZERO, shardGroupDuration, 1, List.of(groups), List.of());
        }
    }

    /**
     * The shards of one span of time: one on open source servers.
     *
     * @param id unsigned
     * @param time its end is excluded
     * @param deletedAt when retention dropped it; its shards may still be listed for a while
     * @param truncatedAt no points at or after it went here
     * @param shards unsigned ids
     */
    public record ShardGroup(
            long id, TimeRange time, Optional<Instant> deletedAt, Optional<Instant> truncatedAt, List<Long> shards) {

        public ShardGroup {
            shards = List.copyOf(shards);
        }

        /** One that is alive and not truncated. */
        public static ShardGroup of(long id, TimeRange time, Long... shards) {
            return new ShardGroup(id, time, Optional.empty(), Optional.empty(), List.of(shards));
        }
    }

    /**
     * Where the server forwards writes to.
     *
     * @param mode {@code ANY} or {@code ALL}
     */
    public record Subscription(String name, String mode, List<String> destinations) {

        public Subscription {
            destinations = List.copyOf(destinations);
        }
    }

    /** @param query the whole statement that creates it */
    public record ContinuousQuery(String name, String query) {}

    /** A user; the password's hash stays in the bytes. */
    public record User(String name, boolean admin, List<Grant> privileges) {

        public User {
            privileges = List.copyOf(privileges);
        }
    }

    /** What a user may do with a database. */
    public record Grant(String database, Privilege privilege) {}

    /** The kinds of {@link Grant}. */
    public enum Privilege {
        NONE,
        READ,
        WRITE,
        ALL,
        /** One of a newer server. */
        OTHER
    }

    private static void requireValid(String what, String name) {
        if (!Names.valid(name)) {
            String shown = name.codePoints()
                    .limit(100)
                    .map(c -> Character.isISOControl(c) ? '?' : c)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            throw new IllegalArgumentException("%s name is not valid: '%s'".formatted(what, shown));
        }
    }
}
