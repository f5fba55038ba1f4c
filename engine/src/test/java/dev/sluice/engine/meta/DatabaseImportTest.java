package dev.sluice.engine.meta;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedOutputStream;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.meta.proto.ShardInfo;
import dev.sluice.engine.meta.proto.ShardOwner;
import dev.sluice.engine.meta.proto.SubscriptionInfo;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.TimeRange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DatabaseImportTest {

    private static final Instant NOW = Instant.parse("2026-11-24T00:00:00Z");

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.meta.Recorded#versions")
    void sendsNoMoreThanTheDatabaseThatIsRestored(String version) {
        Metadata all = Recorded.metadata(version);
        Set<Long> shards = Set.of(1L, 2L, 4L);

        Metastore sent = Metastore.decode(everything("telemetry", shards).payload(all, NOW));

        assertThat(sent.users()).isEmpty();
        assertThat(sent.databases()).singleElement().satisfies(database -> {
            assertThat(database.name()).isEqualTo("telemetry");
            assertThat(database.defaultPolicy()).isEqualTo("raw data");
            assertThat(database.continuousQueries()).isEmpty();
            assertThat(database.policies())
                    .as("one without a shard to restore stays, empty")
                    .extracting(Policy::name)
                    .containsExactly("autogen", "one.week", "raw data");
        });
        assertThat(sent.shards().map(Metastore.Located::id)).containsExactlyInAnyOrder(1L, 2L, 4L);
        Metastore before = Metastore.decode(all);
        assertThat(sent.shards())
                .allSatisfy(shard -> assertThat(shard.group().time())
                        .isEqualTo(
                                before.locate(shard.id()).orElseThrow().group().time()));
    }

    @Test
    void givesThePolicyItsNewNameAndMakesItTheDefault() {
        var wish = new DatabaseImport(
                "telemetry", "copy", Optional.of("one.week"), Optional.of("neu"), Set.of(4L, 5L, 6L), false, false);

        Database sent = Metastore.decode(wish.payload(Recorded.metadata("1.8.10"), NOW))
                .find("copy")
                .orElseThrow();

        assertThat(sent.defaultPolicy()).isEqualTo("neu");
        assertThat(sent.policies()).singleElement().satisfies(policy -> {
            assertThat(policy.name()).isEqualTo("neu");
            assertThat(policy.groups()).hasSize(3);
        });
    }

    @Test
    void leavesDeletedGroupsSubscriptionsAndOwnersBehind() {
        Data sent = parse(everything("db", Set.of(1L, 2L, 3L)).payload(made(), NOW));

        RetentionPolicyInfo policy = sent.getDatabases(0).getRetentionPolicies(0);
        assertThat(policy.getShardGroupsList())
                .extracting(ShardGroupInfo::getId)
                .containsExactly(10L);
        assertThat(policy.getShardGroups(0).getShardsList())
                .as("of a cluster's group only the shard that is there")
                .extracting(ShardInfo::getId)
                .containsExactly(1L);
        assertThat(policy.getShardGroups(0).getShards(0).getOwnersList()).isEmpty();
        assertThat(policy.getSubscriptionsList()).isEmpty();
        assertThat(policy.getReplicaN()).isEqualTo(3);
    }

    @Test
    void keepsSubscriptionsWhereTheyAreAskedFor() {
        var wish = new DatabaseImport("db", "db", Optional.empty(), Optional.empty(), Set.of(1L), false, true);

        assertThat(parse(wish.payload(made(), NOW))
                        .getDatabases(0)
                        .getRetentionPolicies(0)
                        .getSubscriptionsList())
                .extracting(SubscriptionInfo::getName)
                .containsExactly("sub");
    }

    @Test
    void keepsForEverWhatHasExpiredAndOnlyThat() {
        DatabaseImport dated = everything("db", Set.of(1L));
        var kept = new DatabaseImport("db", "db", Optional.empty(), Optional.empty(), Set.of(1L), true, false);
        Policy policy =
                Metastore.decode(made()).find("db").orElseThrow().policies().get(0);
        Instant inTime = Instant.ofEpochSecond(2 * 86_400 + 7 * 86_400 - 1);

        assertThat(dated.expires(policy, NOW)).isTrue();
        assertThat(dated.expires(policy, inTime)).isFalse();
        assertThat(duration(dated.payload(made(), NOW))).isEqualTo(Duration.ofDays(7));
        assertThat(duration(kept.payload(made(), NOW))).isZero();
        assertThat(duration(kept.payload(made(), inTime))).isEqualTo(Duration.ofDays(7));
    }

    @Test
    void keepsWhatANewerServerWroteAndWeDoNotKnow() {
        byte[] known = made().toByteArray();
        byte[] unknown = withUnknown(parse(Metadata.of(known)));

        Data sent = parse(everything("db", Set.of(1L)).payload(Metadata.of(unknown), NOW));

        byte[] policy = sent.getDatabases(0).getRetentionPolicies(0).toByteArray();
        assertThat(new String(policy, StandardCharsets.ISO_8859_1)).contains("from the future");
    }

    @Test
    void oneDatabaseOfTwentyFiveGroupsFitsOneSegment() {
        var groups = LongStream.rangeClosed(1, 25)
                .mapToObj(id -> ShardGroup.of(
                        1_000_000 + id,
                        new TimeRange(NOW.plus(Duration.ofDays(7 * id)), NOW.plus(Duration.ofDays(7 * id + 7))),
                        1_000_000 + id))
                .toArray(ShardGroup[]::new);
        Metadata all = Metastore.of(
                        1, List.of(Database.of("database", Policy.of("autogen", Duration.ofDays(7), groups))))
                .toMetadata();
        Set<Long> ids = Arrays.stream(groups).map(g -> g.shards().get(0)).collect(Collectors.toSet());

        assertThat(everything("database", ids).payload(all, NOW).size()).isLessThan(1_100);
    }

    private static DatabaseImport everything(String database, Set<Long> shards) {
        return new DatabaseImport(database, database, Optional.empty(), Optional.empty(), shards, false, false);
    }

    /** One database, one policy of seven days: group 10 (shards 1, 9), group 11 (deleted), group 12 (no shard). */
    private static Metadata made() {
        long day = 86_400_000_000_000L;
        var policy = RetentionPolicyInfo.newBuilder()
                .setName("rp")
                .setDuration(7 * day)
                .setShardGroupDuration(day)
                .setReplicaN(3)
                .addShardGroups(group(10, day, 0).addShards(shard(1)).addShards(shard(9)))
                .addShardGroups(group(11, 2 * day, 99).addShards(shard(2)))
                .addShardGroups(group(12, 3 * day, 0))
                .addSubscriptions(SubscriptionInfo.newBuilder()
                        .setName("sub")
                        .setMode("ANY")
                        .addDestinations("udp://10.0.0.1:9999"));
        return Metadata.of(Data.newBuilder()
                .setTerm(0)
                .setIndex(3)
                .setClusterId(5)
                .setMaxNodeId(0)
                .setMaxShardGroupId(12)
                .setMaxShardId(9)
                .addDatabases(DatabaseInfo.newBuilder()
                        .setName("db")
                        .setDefaultRetentionPolicy("rp")
                        .addRetentionPolicies(policy))
                .build()
                .toByteArray());
    }

    private static ShardGroupInfo.Builder group(long id, long start, long deletedAt) {
        return ShardGroupInfo.newBuilder()
                .setId(id)
                .setStartTime(start)
                .setEndTime(start + 86_400_000_000_000L)
                .setDeletedAt(deletedAt);
    }

    private static ShardInfo.Builder shard(long id) {
        return ShardInfo.newBuilder()
                .setId(id)
                .addOwners(ShardOwner.newBuilder().setNodeId(4));
    }

    /** Adds a field of number 99 to the policy, by hand. */
    private static byte[] withUnknown(Data data) {
        try {
            var bytes = new ByteArrayOutputStream();
            var out = CodedOutputStream.newInstance(bytes);
            out.writeRawBytes(data.getDatabases(0).getRetentionPolicies(0).toByteArray());
            out.writeString(99, "from the future");
            out.flush();
            RetentionPolicyInfo policy = RetentionPolicyInfo.parseFrom(bytes.toByteArray());
            return data.toBuilder()
                    .setDatabases(0, data.getDatabases(0).toBuilder().setRetentionPolicies(0, policy))
                    .build()
                    .toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Duration duration(Metadata payload) {
        return Metastore.decode(payload)
                .find("db")
                .orElseThrow()
                .policies()
                .get(0)
                .duration();
    }

    private static Data parse(Metadata metadata) {
        return Protobuf.parse("test", metadata.toByteArray(), Data::parseFrom);
    }
}
