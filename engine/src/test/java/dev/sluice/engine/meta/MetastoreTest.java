package dev.sluice.engine.meta;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.CodedOutputStream;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.meta.Metastore.ContinuousQuery;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Grant;
import dev.sluice.engine.meta.Metastore.Located;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.Privilege;
import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.meta.Metastore.Subscription;
import dev.sluice.engine.meta.Metastore.User;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.NodeInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.meta.proto.ShardInfo;
import dev.sluice.engine.meta.proto.ShardOwner;
import dev.sluice.engine.meta.proto.UserInfo;
import dev.sluice.engine.meta.proto.UserPrivilege;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MetastoreTest {

    private static final String VERSIONS = "dev.sluice.engine.meta.Recorded#versions";

    private static final TimeRange DAY =
            new TimeRange(Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-01-02T00:00:00Z"));

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void readsTheMetastoreOfAServer(String version) {
        Metastore metastore = Metastore.decode(Recorded.metadata(version));

        assertThat(metastore.databases())
                .extracting(Database::name)
                .containsExactly("telemetry", "edge.site-7", "plant 日本");
        Database telemetry = metastore.find("telemetry").orElseThrow();
        assertThat(telemetry.defaultPolicy()).isEqualTo("raw data");
        assertThat(telemetry.policies()).extracting(Policy::name).containsExactly("autogen", "one.week", "raw data");
        assertThat(telemetry.continuousQueries())
                .singleElement()
                .satisfies(query -> assertThat(query.query()).startsWith("CREATE CONTINUOUS QUERY cq1 ON telemetry"))
                .extracting(ContinuousQuery::name)
                .isEqualTo("cq1");
        Policy weekly = telemetry.find("one.week").orElseThrow();
        assertThat(weekly.duration()).isZero();
        assertThat(weekly.shardGroupDuration()).isEqualTo(Duration.ofDays(1));
        assertThat(weekly.replicaN()).isOne();
        assertThat(weekly.subscriptions()).isEmpty();
        assertThat(weekly.groups())
                .allSatisfy(group -> assertThat(Duration.between(
                                group.time().start(), group.time().end()))
                        .isEqualTo(weekly.shardGroupDuration()));
        assertThat(metastore.users()).containsExactly(new User("ops", true, List.of()));
        assertThat(metastore.find("nope")).isEmpty();
        assertThat(telemetry.find("nope")).isEmpty();
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void findsEveryShard(String version) {
        Metastore metastore = Metastore.decode(Recorded.metadata(version));

        assertThat(metastore.shards().map(Located::id))
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 20).boxed().toList());
        assertThat(metastore.shards())
                .allSatisfy(shard -> assertThat(metastore.locate(shard.id())).contains(shard));
        assertThat(metastore.locate(7).map(Located::ref)).contains(new ShardRef("telemetry", "raw data", 7));
        assertThat(metastore.locate(20).map(Located::ref)).contains(new ShardRef("plant 日本", "one.week", 20));
        assertThat(metastore.locate(12).map(Located::ref)).contains(new ShardRef("edge.site-7", "one.week", 12));
        assertThat(metastore.locate(21)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void keepsTheBytesOfAServer(String version) throws IOException {
        Metadata metadata = Recorded.metadata(version);

        assertThat(Metastore.decode(metadata).toMetadata()).isEqualTo(metadata);
        assertThat(Data.parseFrom(metadata.toByteArray()).toByteArray()).isEqualTo(metadata.toByteArray());
    }

    @Test
    void readsTheDocumentedExample() {
        byte[] bytes = HexFormat.of()
                .parseHex("080010041883c190a6ce9ed2cf452a4a0a0974656c656d6574727912076175746f67656e"
                        + "1a340a076175746f67656e1000188080a4c9ffc18901"
                        + "20012a1c0801108080b0b7c9a1bff215188080d480c9e3c8f31520002a0208012a280a05656d"
                        + "70747912076175746f67656e1a160a076175746f67656e1000188080a4c9ffc18901200138004001"
                        + "4801");

        Metastore metastore = Metastore.decode(Metadata.of(bytes));

        assertThat(metastore.clusterId()).isEqualTo(0x459f48f4e4c42083L);
        assertThat(metastore.databases())
                .containsExactly(
                        Database.of(
                                "telemetry",
                                Policy.of(
                                        "autogen",
                                        Duration.ofDays(7),
                                        ShardGroup.of(
                                                1,
                                                new TimeRange(
                                                        Instant.parse("2019-12-30T00:00:00Z"),
                                                        Instant.parse("2020-01-06T00:00:00Z")),
                                                1L))),
                        Database.of("empty", Policy.of("autogen", Duration.ofDays(7))));
    }

    /** Servers up to 1.8 write no field that the view does not show, but users. */
    @ParameterizedTest
    @ValueSource(strings = {"1.6.7", "1.8.10"})
    void writesDatabasesAsServersDo(String version) throws IOException {
        Metastore metastore = Metastore.decode(Recorded.metadata(version));

        byte[] made = Metastore.of(metastore.clusterId(), metastore.databases())
                .toMetadata()
                .toByteArray();

        assertThat(made)
                .isEqualTo(Data.parseFrom(Recorded.metadata(version).toByteArray()).toBuilder()
                        .clearUsers()
                        .setIndex(1)
                        .build()
                        .toByteArray());
    }

    @Test
    void readsWhatItMakes() {
        var group = new ShardGroup(
                -3, DAY, Optional.of(DAY.end()), Optional.of(DAY.start().plusNanos(1)), List.of(-1L, 5L));
        var policy = new Policy(
                "rp",
                Duration.ofHours(48),
                Duration.ofHours(24),
                3,
                List.of(group, ShardGroup.of(9, DAY)),
                List.of(new Subscription("sub0", "ANY", List.of("udp://10.0.0.1:9999", "udp://10.0.0.2:9999"))));
        var database = new Database("日本 a.b", "", List.of(policy), List.of(new ContinuousQuery("cq", "CREATE ...")));

        Metastore read = Metastore.decode(Metastore.of(-7, List.of(database)).toMetadata());

        assertThat(read.clusterId()).isEqualTo(-7);
        assertThat(read.databases()).containsExactly(database);
        assertThat(read.users()).isEmpty();
        assertThat(read).isEqualTo(Metastore.of(-7, List.of(database)));
        assertThat(read.locate(-1)).contains(new Located(database, policy, group, -1));
    }

    @Test
    void countsIdsUnsigned() throws IOException {
        var database = Database.of(
                "db", Policy.of("rp", Duration.ofDays(1), ShardGroup.of(-3, DAY, 5L, -1L), ShardGroup.of(4, DAY, 6L)));

        Data data =
                Data.parseFrom(Metastore.of(1, List.of(database)).toMetadata().toByteArray());

        assertThat(data.getMaxShardGroupId()).isEqualTo(-3);
        assertThat(data.getMaxShardId()).isEqualTo(-1);
    }

    @Test
    void makesAnEmptyMetastore() {
        assertThat(Metastore.decode(Metastore.of(1, List.of()).toMetadata()).shards())
                .isEmpty();
        assertThat(Metastore.of(1, List.of()).toMetadata().toByteArray())
                .containsExactly(0x08, 0, 0x10, 1, 0x18, 1, 0x38, 0, 0x40, 0, 0x48, 0);
    }

    @Test
    void readsAndWritesTheLimitsOfTime() {
        Instant lowest = Instant.ofEpochSecond(-9_223_372_037L, 145_224_192); // int64's own
        var all = new TimeRange(lowest, TimeRange.MAX);
        var database = Database.of("db", Policy.of("rp", Duration.ofDays(7), ShardGroup.of(1, all, 1L)));

        Metadata made = Metastore.of(1, List.of(database)).toMetadata();

        assertThat(Metastore.decode(made).locate(1).orElseThrow().group().time())
                .isEqualTo(all);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Metastore.of(1, List.of(at(new TimeRange(Instant.MIN, Instant.EPOCH)))));
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        Metastore.of(1, List.of(at(new TimeRange(Instant.EPOCH, TimeRange.MAX.plusNanos(1))))));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Metastore.of(1, List.of(at(new TimeRange(lowest.minusNanos(1), Instant.EPOCH)))));
    }

    /** As 1.6.7 and 1.8.10 write it when a point of 1677 comes: the week begins before int64 does (observed). */
    @Test
    void readsAGroupThatBeginsBeforeTime() {
        Metastore metastore = Metastore.decode(metadata(
                data(group().setStartTime(9_223_284_873_709_551_616L).setEndTime(-9_222_854_400_000_000_000L))));

        assertThat(metastore.locate(1).orElseThrow().group().time())
                .isEqualTo(new TimeRange(
                        Instant.ofEpochSecond(-9_223_372_037L, 145_224_192), Instant.parse("1677-09-27T00:00:00Z")));
    }

    private static Database at(TimeRange time) {
        return Database.of("db", Policy.of("rp", Duration.ofDays(7), ShardGroup.of(1, time, 1L)));
    }

    @Test
    void takesZeroForATimeOnlyWhereItIsOne() {
        Metastore metastore = Metastore.decode(metadata(
                data(group().setStartTime(0).setEndTime(1).setDeletedAt(0).setTruncatedAt(0))));

        ShardGroup group = metastore.locate(1).orElseThrow().group();
        assertThat(group.time()).isEqualTo(new TimeRange(Instant.EPOCH, Instant.EPOCH.plusNanos(1)));
        assertThat(group.deletedAt()).isEmpty();
        assertThat(group.truncatedAt()).isEmpty();
    }

    @Test
    void listsShardsOfDeletedGroupsToo() {
        Metastore metastore = Metastore.decode(metadata(data(group().setDeletedAt(-5))));

        assertThat(metastore.shards().map(shard -> shard.group().deletedAt()))
                .containsExactly(Optional.of(Instant.EPOCH.minusNanos(5)));
    }

    @Test
    void toleratesClusters() {
        Data data = data(group().addShards(ShardInfo.newBuilder()
                        .setId(2)
                        .addOwnerIds(4)
                        .addOwners(ShardOwner.newBuilder().setNodeId(4))))
                .toBuilder()
                .addDataNodes(NodeInfo.newBuilder().setId(4).setHost("a:8088"))
                .build();

        Metastore metastore = Metastore.decode(metadata(data));

        assertThat(metastore.shards().map(Located::id)).containsExactly(1L, 2L);
    }

    @Test
    void readsPrivilegesWithoutPasswords() {
        Data data = data(group()).toBuilder()
                .addUsers(UserInfo.newBuilder()
                        .setName("reader")
                        .setHash("$2a$10$secret")
                        .setAdmin(false)
                        .addPrivileges(
                                UserPrivilege.newBuilder().setDatabase("a").setPrivilege(1))
                        .addPrivileges(
                                UserPrivilege.newBuilder().setDatabase("b").setPrivilege(9)))
                .build();

        Metastore metastore = Metastore.decode(metadata(data));

        assertThat(metastore.users())
                .containsExactly(new User(
                        "reader", false, List.of(new Grant("a", Privilege.READ), new Grant("b", Privilege.OTHER))));
        assertThat(metastore.users().toString()).doesNotContain("secret");
        assertThat(metastore.toMetadata()).isEqualTo(metadata(data));
    }

    @Test
    void keepsFieldsThatItDoesNotKnow() throws IOException {
        byte[] known = Recorded.metadata("1.12.4").toByteArray();
        var bytes = new ByteArrayOutputStream();
        bytes.write(known);
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeString(77, "of a newer server");
        out.writeUInt64(78, -1);
        out.flush();

        Data data = Data.parseFrom(bytes.toByteArray());

        assertThat(data.toByteArray()).isEqualTo(bytes.toByteArray());
        Data changed = data.toBuilder().setIndex(99).build();
        assertThat(changed.toBuilder().setIndex(data.getIndex()).build().toByteArray())
                .isEqualTo(bytes.toByteArray());
        assertThat(Metastore.decode(Metadata.of(bytes.toByteArray())).shards()).hasSize(20);
    }

    @Test
    void keepsUnknownFieldsInsideOfOthers() throws IOException {
        byte[] group = concat(group().build().toByteArray(), new byte[] {(byte) 0xf8, 1, 42}); // field 31
        byte[] policy = concat(policy().build().toByteArray(), new byte[] {0x2a, (byte) group.length}, group);
        var bytes = RetentionPolicyInfo.parseFrom(policy);

        assertThat(bytes.toByteArray()).isEqualTo(policy);
        assertThat(bytes.getShardGroups(0).getShards(0).getId()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "../evil", "a\\b", "a\u0007b"})
    void refusesNamesThatAreNoneAsPartOfAPath(String name) {
        Data database = data(group()).toBuilder()
                .setDatabases(0, data(group()).getDatabases(0).toBuilder().setName(name))
                .build();
        Data policy = data(group()).toBuilder()
                .setDatabases(
                        0, data(group()).getDatabases(0).toBuilder().setRetentionPolicies(0, policy().setName(name)))
                .build();

        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> Metastore.decode(metadata(database)))
                .withMessageContaining("database name is not valid: '" + name.replace('\u0007', '?') + "'");
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> Metastore.decode(metadata(policy)))
                .withMessageContaining("retention policy name is not valid");
    }

    @Test
    void refusesAGroupThatEndsBeforeItStarts() {
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> Metastore.decode(metadata(data(group().setEndTime(-1)))))
                .withMessageContaining("ends before it starts");
    }

    @Test
    void refusesWhatLacksARequiredField() {
        byte[] bytes = Data.newBuilder().setTerm(0).setIndex(1).buildPartial().toByteArray();
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> Metastore.decode(Metadata.of(bytes)))
                .withMessageContaining("required");
        assertThatExceptionOfType(MalformedResponse.class).isThrownBy(() -> Metastore.decode(Metadata.of(new byte[0])));
    }

    @ParameterizedTest
    @ValueSource(bytes = {0x0c, 0x1c, 0x2c, 0x7c, 0})
    void refusesAMessageThatEndsEarly(byte end) {
        byte[] early = concat(Recorded.metadata("1.8.10").toByteArray(), new byte[] {end, 1, 2});
        assertThatExceptionOfType(MalformedResponse.class).isThrownBy(() -> Metastore.decode(Metadata.of(early)));
    }

    @Test
    void refusesAnotherProtocol() {
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> Metastore.decode(Metadata.of("HTTP/1.1 400 Bad Request\r\n".getBytes(UTF_8))))
                .withMessageStartingWith("metastore: ");
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void refusesEveryTruncation(String version) {
        byte[] bytes = Recorded.metadata(version).toByteArray();
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatExceptionOfType(MalformedResponse.class)
                    .isThrownBy(() -> Metastore.decode(Metadata.of(cut)))
                    .satisfies(e -> assertThat(e.offset()).isBetween(0L, (long) cut.length));
        }
    }

    @Test
    void garbageIsRefusedAndNothingElse() {
        var random = new Random(5);
        byte[] sample = Recorded.metadata("1.12.4").toByteArray();
        int refused = 0;
        int read = 0;
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = sample.clone();
            if (i % 10 == 0) {
                random.nextBytes(bytes);
            }
            for (int n = random.nextInt(4); n >= 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                Metastore metastore = Metastore.decode(Metadata.of(bytes));
                metastore.shards().forEach(Located::ref);
                assertThat(Metastore.of(metastore.clusterId(), metastore.databases())
                                .databases())
                        .isEqualTo(metastore.databases());
                read++;
            } catch (MalformedResponse e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(1000);
        assertThat(read).isGreaterThan(1000);
    }

    private static Metadata metadata(Data data) {
        return Metadata.of(data.toByteArray());
    }

    private static Data data(ShardGroupInfo.Builder group) {
        return Data.newBuilder()
                .setTerm(0)
                .setIndex(1)
                .setClusterId(1)
                .addDatabases(DatabaseInfo.newBuilder()
                        .setName("db")
                        .setDefaultRetentionPolicy("rp")
                        .addRetentionPolicies(policy().addShardGroups(group)))
                .setMaxNodeId(0)
                .setMaxShardGroupId(1)
                .setMaxShardId(1)
                .build();
    }

    private static RetentionPolicyInfo.Builder policy() {
        return RetentionPolicyInfo.newBuilder()
                .setName("rp")
                .setDuration(0)
                .setShardGroupDuration(1)
                .setReplicaN(1);
    }

    private static ShardGroupInfo.Builder group() {
        return ShardGroupInfo.newBuilder()
                .setId(1)
                .setStartTime(0)
                .setEndTime(1)
                .setDeletedAt(0)
                .addShards(ShardInfo.newBuilder().setId(1));
    }

    private static byte[] concat(byte[]... parts) {
        var bytes = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }
}
