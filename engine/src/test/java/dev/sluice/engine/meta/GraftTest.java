package dev.sluice.engine.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.meta.proto.ShardInfo;
import dev.sluice.engine.meta.proto.ShardOwner;
import dev.sluice.engine.meta.proto.UserInfo;
import dev.sluice.engine.meta.proto.UserPrivilege;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Databases of one metastore put into another. */
class GraftTest {

    private static final Instant NOW = Instant.parse("2026-01-10T00:00:00Z");
    private static final Metadata SERVER = Metadata.of(
            Answers.metadata(new ShardRef("own", "rp", 5), new ShardRef("own", "rp", 6), new ShardRef("db", "rp", 7)));
    private static final Metadata BACKUP = Metadata.of(
            Answers.metadata(new ShardRef("db", "rp", 1), new ShardRef("db", "rp", 2), new ShardRef("db", "other", 3)));

    @Test
    void whatIsThereStaysAndIdsAreNew() throws Exception {
        Graft graft =
                new Graft(Optional.of(SERVER), BACKUP, List.of(whole("db", "copy", 1L, 2L, 3L)), 40, GraftTest::same);

        Metadata result = graft.result(Set.of(1L, 2L, 3L), NOW);

        Metastore metastore = Metastore.decode(result);
        assertThat(metastore.databases()).extracting(Metastore.Database::name).containsExactly("own", "db", "copy");
        assertThat(metastore.shards().map(Metastore.Located::ref))
                .containsExactly(
                        new ShardRef("own", "rp", 5),
                        new ShardRef("own", "rp", 6),
                        new ShardRef("db", "rp", 7),
                        new ShardRef("copy", "rp", 41),
                        new ShardRef("copy", "rp", 42),
                        new ShardRef("copy", "other", 43));
        assertThat(graft.replaced()).isEmpty();
        Data data = Data.parseFrom(result.toByteArray());
        Data before = Data.parseFrom(SERVER.toByteArray());
        assertThat(data.getMaxShardId()).isEqualTo(43);
        assertThat(data.getMaxShardGroupId()).isEqualTo(10);
        assertThat(data.getIndex()).isEqualTo(before.getIndex() + 1);
        assertThat(data.getClusterId()).isEqualTo(before.getClusterId());
        assertThat(data.getDatabases(0)).isEqualTo(before.getDatabases(0));
    }

    @Test
    void aDatabaseOfTheSameNameIsReplacedAndItsShardsAreNamed() {
        Graft graft =
                new Graft(Optional.of(SERVER), BACKUP, List.of(whole("db", "db", 1L, 2L, 3L)), 0, GraftTest::same);

        Metastore metastore = Metastore.decode(graft.result(Set.of(1L, 2L, 3L), NOW));

        assertThat(graft.replaced()).containsExactly(new ShardRef("db", "rp", 7));
        assertThat(metastore.databases()).extracting(Metastore.Database::name).containsExactly("own", "db");
        assertThat(metastore.locate(7)).isEmpty();
        assertThat(graft.idOf(1)).isEqualTo(8);
    }

    @Test
    void onePolicyReplacesOnlyOne() {
        var taken = new DatabaseImport("db", "own", Optional.of("other"), Optional.of("rp"), Set.of(3L), false, false);
        Metadata server = Metadata.of(Answers.metadata(new ShardRef("own", "keep", 5), new ShardRef("own", "rp", 6)));
        Graft graft = new Graft(Optional.of(server), BACKUP, List.of(taken), 0, GraftTest::same);

        Metastore metastore = Metastore.decode(graft.result(Set.of(3L), NOW));

        assertThat(graft.replaced()).containsExactly(new ShardRef("own", "rp", 6));
        assertThat(metastore.shards().map(Metastore.Located::ref))
                .containsExactly(new ShardRef("own", "keep", 5), new ShardRef("own", "rp", 7));
        assertThat(metastore.find("own").orElseThrow().defaultPolicy()).isEqualTo("keep");
    }

    @Test
    void anEmptyServerKeepsIdsAndGetsUsers() throws Exception {
        Data withUser = Data.parseFrom(BACKUP.toByteArray()).toBuilder()
                .addUsers(UserInfo.newBuilder().setName("boss").setHash("$2a$").setAdmin(true))
                .build();
        Metadata backup = Metadata.of(withUser.toByteArray());

        Graft graft = new Graft(Optional.empty(), backup, List.of(whole("db", "db", 1L, 2L, 3L)), 0, GraftTest::same);
        Metastore metastore = Metastore.decode(graft.result(Set.of(1L, 3L), NOW));

        assertThat(metastore.shards().map(Metastore.Located::id))
                .as("the group of a shard that is not there is left out")
                .containsExactly(1L, 3L);
        assertThat(metastore.users()).extracting(Metastore.User::name).containsExactly("boss");
        assertThat(Data.parseFrom(graft.result(Set.of(1L), NOW).toByteArray())
                        .getUsers(0)
                        .getHash())
                .isEqualTo("$2a$");
    }

    @Test
    void usersHaveTheirPrivilegesOnTheNewName() throws Exception {
        Metadata result =
                copiedWithAUserOf(UserPrivilege.newBuilder().setDatabase("db").setPrivilege(1));

        assertThat(Metastore.decode(result).users().get(0).privileges())
                .extracting(Metastore.Grant::database)
                .containsExactly("copy");
    }

    /** Its users were never let into the data that have its name now; with two entries either may count. */
    @Test
    void privilegesOnADatabaseWhoseNameAnotherGetsStayBehind() throws Exception {
        Metadata result = copiedWithAUserOf(
                UserPrivilege.newBuilder().setDatabase("db").setPrivilege(1),
                UserPrivilege.newBuilder().setDatabase("copy").setPrivilege(3),
                UserPrivilege.newBuilder().setDatabase("third").setPrivilege(2));

        assertThat(Data.parseFrom(result.toByteArray()).getUsers(0).getPrivilegesList())
                .extracting(UserPrivilege::getDatabase, UserPrivilege::getPrivilege)
                .containsExactly(tuple("copy", 1), tuple("third", 2));
    }

    /** {@code db} as {@code copy} where nothing was, with a user who has these privileges. */
    private static Metadata copiedWithAUserOf(UserPrivilege.Builder... privileges) throws Exception {
        var user = UserInfo.newBuilder().setName("reader").setHash("$2a$").setAdmin(false);
        for (UserPrivilege.Builder privilege : privileges) {
            user.addPrivileges(privilege);
        }
        Data withUser =
                Data.parseFrom(BACKUP.toByteArray()).toBuilder().addUsers(user).build();
        return new Graft(
                        Optional.empty(),
                        Metadata.of(withUser.toByteArray()),
                        List.of(whole("db", "copy", 1L, 2L, 3L)),
                        0,
                        GraftTest::same)
                .result(Set.of(1L, 2L, 3L), NOW);
    }

    /** Made up by the documented format: several shards in a group, with owners, several copies. */
    @Test
    void ownersOfAnEnterpriseClusterAreDropped() throws Exception {
        Data enterprise = Data.newBuilder()
                .setTerm(0)
                .setIndex(9)
                .setClusterId(77)
                .setMaxNodeId(4)
                .setMaxShardGroupId(1)
                .setMaxShardId(2)
                .addDatabases(DatabaseInfo.newBuilder()
                        .setName("db")
                        .setDefaultRetentionPolicy("rp")
                        .addRetentionPolicies(RetentionPolicyInfo.newBuilder()
                                .setName("rp")
                                .setDuration(0)
                                .setShardGroupDuration(Answers.GROUP_NANOS)
                                .setReplicaN(2)
                                .addShardGroups(ShardGroupInfo.newBuilder()
                                        .setId(1)
                                        .setStartTime(0)
                                        .setEndTime(Answers.GROUP_NANOS)
                                        .setDeletedAt(0)
                                        .addShards(owned(1, 1, 2))
                                        .addShards(owned(2, 3, 4)))))
                .build();

        Graft graft = new Graft(
                Optional.of(SERVER),
                Metadata.of(enterprise.toByteArray()),
                List.of(whole("db", "new", 1L, 2L)),
                0,
                GraftTest::same);
        Data result = Data.parseFrom(graft.result(Set.of(1L, 2L), NOW).toByteArray());

        RetentionPolicyInfo policy = result.getDatabases(2).getRetentionPolicies(0);
        assertThat(policy.getReplicaN()).isEqualTo(2);
        assertThat(policy.getShardGroups(0).getShardsList())
                .extracting(ShardInfo::getId)
                .containsExactly(8L, 9L);
        assertThat(policy.getShardGroups(0).getShardsList()).allSatisfy(shard -> {
            assertThat(shard.getOwnersList()).isEmpty();
            assertThat(shard.getOwnerIdsList()).isEmpty();
        });
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.meta.Recorded#versions")
    void recordedDatabasesKeepAllButTheirIds(String version) throws Exception {
        Metadata recorded = Recorded.metadata(version);
        Set<Long> ids = Set.copyOf(Metastore.decode(recorded)
                .shards()
                .filter(shard -> shard.database().name().equals("telemetry"))
                .map(Metastore.Located::id)
                .toList());
        var taken = new DatabaseImport("telemetry", "telemetry", Optional.empty(), Optional.empty(), ids, false, true);

        Metadata fresh = new Graft(Optional.empty(), recorded, List.of(taken), 0, GraftTest::same).result(ids, NOW);

        DatabaseInfo expected = Data.parseFrom(recorded.toByteArray()).getDatabasesList().stream()
                .filter(database -> database.getName().equals("telemetry"))
                .findFirst()
                .orElseThrow();
        assertThat(Data.parseFrom(fresh.toByteArray()).getDatabasesList()).containsExactly(expected);
    }

    private static String same(DatabaseImport database, String query) {
        return query;
    }

    private static DatabaseImport whole(String source, String target, Long... shards) {
        return new DatabaseImport(source, target, Optional.empty(), Optional.empty(), Set.of(shards), false, false);
    }

    private static ShardInfo owned(long id, long... nodes) {
        var shard = ShardInfo.newBuilder().setId(id);
        for (long node : nodes) {
            shard.addOwners(ShardOwner.newBuilder().setNodeId(node));
            shard.addOwnerIds(node);
        }
        return shard.build();
    }
}
