package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.error.HttpUnreachable;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.meta.proto.ContinuousQueryInfo;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.SubscriptionInfo;
import dev.sluice.engine.meta.proto.UserInfo;
import dev.sluice.engine.meta.proto.UserPrivilege;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.FakeInflux;
import dev.sluice.engine.testkit.FakeInfluxd;
import dev.sluice.engine.testkit.PortableFiles;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a restore asks of the HTTP API of a server: its version, continuous queries, privileges. */
class RestoreOverHttpTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 1);
    private static final String QUERY =
            "CREATE CONTINUOUS QUERY cq ON db BEGIN SELECT mean(v) INTO db.rp.m FROM db.rp.n GROUP BY time(1h) END";
    private static final String RENAMED =
            "CREATE CONTINUOUS QUERY cq ON neu BEGIN SELECT mean(v) INTO neu.rp.m FROM neu.rp.n GROUP BY time(1h) END";

    private final SluiceEngine engine = SluiceEngine.create();
    private final FakeInfluxd server = new FakeInfluxd();
    private final FakeInflux http = new FakeInflux().version("1.8.10");

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        engine.close();
        server.close();
        http.close();
    }

    @Test
    void r8ContinuousQueriesAreCreatedAgainUnderTheNewName() {
        backup(withQuery());

        CopyReport report = restore(renamed());

        assertThat(report.complete()).isTrue();
        assertThat(http.statements()).containsExactly("SHOW DATABASES", RENAMED);
        assertThat(report.notices())
                .extracting(Notice::message)
                .containsExactly("continuous query 'cq' of database 'neu' is created again");
    }

    @Test
    void whatAFailedRestoreHasMadeIsDroppedAgainAndNothingElse() {
        server.withDatabase("keep");
        backup(metadata());
        server.when(request -> request.type() == 7
                ? Optional.of(conversation -> {
                    conversation.receive(1_000);
                    conversation.reset();
                })
                : Optional.empty());

        failure(withHttp().cleanup(true), ConnectionLost.class, "upload");

        assertThat(http.statements())
                .filteredOn(statement -> statement.startsWith("DROP"))
                .containsExactly("DROP DATABASE \"db\"");
    }

    @Test
    void whatAnInterruptedRestoreHasMadeIsDroppedToo() {
        ShardRef other = new ShardRef("other", "rp", 2);
        PortableFiles.write(directory, metadata(SHARD, other), Map.of(SHARD, archive(SHARD), other, archive(other)));
        var updates = new AtomicInteger();
        server.when(request -> request.type() == 6 && updates.incrementAndGet() == 2
                ? Optional.of(conversation -> {
                    engine.interrupt();
                    conversation.awaitReset();
                })
                : Optional.empty());

        failure(withHttp().cleanup(true), EngineClosed.class, "closed");

        assertThat(http.statements())
                .filteredOn(statement -> statement.startsWith("DROP"))
                .containsExactly("DROP DATABASE \"db\"");
    }

    @Test
    void whatIsRestoredIsNotDropped() {
        backup(metadata());

        assertThat(restore(withHttp().cleanup(true)).complete()).isTrue();

        assertThat(http.statements()).noneMatch(statement -> statement.startsWith("DROP"));
    }

    @Test
    void theServersOwnStatisticsAreLeftOutUnlessTheyAreNamed() {
        var statistics = new ShardRef("_internal", "monitor", 2);
        PortableFiles.write(
                directory, metadata(SHARD, statistics), Map.of(SHARD, archive(SHARD), statistics, archive(statistics)));

        CopyReport report = restore(request());

        assertThat(report.complete()).isTrue();
        assertThat(server.databases()).containsExactly("db");
        assertThat(report.notices()).extracting(Notice::message).anyMatch(text -> text.contains("_internal"));
        restore(request()
                .selection(new Selection(
                        Optional.of("_internal"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()))
                .mapping(neu()));
        assertThat(server.databases()).containsExactly("db", "neu");
    }

    @Test
    void withoutHttpTheStatementHasTheNewName() {
        backup(withQuery());

        CopyReport report = restore(request().selection(database()).mapping(neu()));

        assertThat(report.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.hint()).isEqualTo("Run: " + RENAMED));
    }

    @Test
    void aQueryOfThatNameWithAnotherTextStays() {
        backup(withQuery());
        http.onStatement(
                statement -> statement.startsWith("CREATE CONTINUOUS") ? "continuous query already exists" : "");

        CopyReport report = restore(withHttp());

        assertThat(report.complete()).isTrue();
        assertThat(report.notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.WARNING);
            assertThat(notice.message()).contains("'cq'", "another text");
            assertThat(notice.hint()).contains(QUERY);
        });
    }

    @Test
    void aQueryThatTheServerDoesNotTakeIsMissing() {
        backup(withQuery());
        http.onStatement(statement -> statement.startsWith("CREATE CONTINUOUS") ? "not today" : "");

        CopyReport report = restore(withHttp());

        assertThat(report.complete()).isFalse();
        assertThat(report.notices()).singleElement().satisfies(notice -> {
            assertThat(notice.message()).contains("could not be created", "not today");
            assertThat(notice.hint()).isEqualTo("Run: " + QUERY);
        });
    }

    @Test
    void aPartOfADatabaseBringsNoQueries() {
        backup(withQuery());

        CopyReport report = restore(withHttp()
                .selection(new Selection(
                        Optional.of("db"), Optional.of("rp"), Optional.empty(), Optional.empty(), Optional.empty())));

        assertThat(http.statements()).noneMatch(statement -> statement.startsWith("CREATE"));
        assertThat(report.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("with a part of its database"));
    }

    @Test
    void aQueryThatADatabaseHasAlreadyIsNotCreatedASecondTime() throws IOException {
        backup(withQuery());
        server.imported(metadata(), "db");
        server.withQuery("db", "cq", QUERY);

        CopyReport report = restore(withHttp().intoExisting(Conflict.BACKUP));

        assertThat(report.notices()).isEmpty();
        assertThat(http.statements()).noneMatch(statement -> statement.startsWith("CREATE"));
    }

    /** Where a database is made they come with it; a policy is made by a statement, which has no place for them. */
    @Test
    void policiesThatAreMadeInADatabaseThatExistsGetTheirSubscriptionsWhenTheShardsAreThere() {
        Data metadata = metadata();
        RetentionPolicyInfo policy = metadata.getDatabases(0).getRetentionPolicies(0);
        backup(metadata.toBuilder()
                .setDatabases(
                        0,
                        metadata.getDatabases(0).toBuilder()
                                .setRetentionPolicies(
                                        0,
                                        policy.toBuilder()
                                                .addSubscriptions(SubscriptionInfo.newBuilder()
                                                        .setName("to \"x\"")
                                                        .setMode("ANY")
                                                        .addDestinations("udp://a:1")
                                                        .addDestinations("http://it's:2"))))
                .build());
        String create =
                "CREATE SUBSCRIPTION \"to \\\"x\\\"\" ON \"db\".\"rp\" DESTINATIONS ANY 'udp://a:1', 'http://it\\'s:2'";
        server.withDatabase("db");
        http.onStatement(statement -> {
            if (statement.startsWith("CREATE RETENTION POLICY")) {
                server.withPolicy(
                        "db",
                        policy.toBuilder()
                                .clearShardGroups()
                                .clearSubscriptions()
                                .build());
            }
            return statement.startsWith("CREATE SUBSCRIPTION") ? "not today" : "";
        });

        CopyReport told = restore(withHttp().intoExisting(Conflict.BACKUP).subscriptions(true));

        assertThat(told.notices()).anySatisfy(notice -> {
            assertThat(notice.message()).contains("to \"x\"", "could not be created: ", "not today");
            assertThat(notice.hint()).isEqualTo("Run: " + create);
        });
        assertThat(http.statements()).last().isEqualTo(create);
        restore(withHttp().intoExisting(Conflict.BACKUP).subscriptions(true));
        assertThat(http.statements())
                .as("a policy that was there stays as it is")
                .filteredOn(create::equals)
                .hasSize(1);
    }

    @Test
    void usersThatExistGetTheirPrivilegesAndOfTheOthersTheStatementsAreTold() {
        backup(metadata().toBuilder()
                .addUsers(user("here", false, "db", 1))
                .addUsers(user("has all", false, "db", 1))
                .addUsers(user("root", true, "db", 1))
                .addUsers(user("gone", false, "db", 3))
                .addUsers(user("elsewhere", false, "other", 3))
                .build());
        server.withUser(user("here", false, "db", 2));
        server.withUser(user("has all", false, "db", 3));
        server.withUser(user("root", false, "x", 3));

        CopyReport report = restore(withHttp());

        assertThat(report.complete()).isTrue();
        assertThat(http.statements())
                .containsExactly(
                        "SHOW DATABASES", "GRANT READ ON \"db\" TO \"here\"", "GRANT READ ON \"db\" TO \"root\"");
        assertThat(report.notices())
                .extracting(notice -> notice.message() + " " + notice.hint())
                .anySatisfy(text -> assertThat(text)
                        .contains("'gone' is not restored", "CREATE USER \"gone\"", "GRANT ALL ON \"db\" TO \"gone\""))
                .anySatisfy(text -> assertThat(text).contains("'root' is an administrator", "GRANT ALL PRIVILEGES"))
                .noneSatisfy(text -> assertThat(text).contains("elsewhere"));
    }

    @Test
    void privilegesOnADatabaseThatWasThereAreNotTouched() throws IOException {
        backup(metadata().toBuilder().addUsers(user("here", false, "db", 3)).build());
        server.imported(metadata(), "db");
        server.withUser(user("here", false, "db", 1));

        CopyReport report = restore(withHttp().intoExisting(Conflict.BACKUP));

        assertThat(http.statements()).noneMatch(statement -> statement.startsWith("GRANT"));
        assertThat(report.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.hint()).contains("GRANT ALL ON \"db\" TO \"here\""));
    }

    @Test
    void credentialsAreTriedBeforeAnythingMoves() {
        backup(withQuery());
        http.onStatement(statement -> "authorization failed");

        failure(withHttp(), HttpRefused.class, "authorization failed");

        assertThat(server.databases()).isEmpty();
    }

    /** It would be found out in the middle of the night, when there is something to drop. */
    @Test
    void whoMayNotDropIsToldBeforeAnythingIsMade() {
        backup(metadata());
        http.onStatement(statement -> "authorization failed");

        failure(withHttp().cleanup(true), HttpRefused.class, "authorization failed");

        assertThat(server.databases()).isEmpty();
    }

    @Test
    void anHttpAddressWhereNobodyAnswersIsFoundBeforeAnythingMoves() {
        backup(metadata());

        failure(
                request().http(HttpAccess.anonymous(HttpEndpoint.plain("127.0.0.1", 1))),
                HttpUnreachable.class,
                "127.0.0.1:1");

        assertThat(server.databases()).isEmpty();
    }

    @Test
    void s6ADatabaseTooLargeForAnOldServerIsLeftOut() {
        Data metadata = metadata(SHARD);
        var policy =
                metadata.getDatabases(0).getRetentionPolicies(0).toBuilder().setName("r".repeat(250));
        Data.Builder large = metadata.toBuilder();
        DatabaseInfo.Builder database =
                metadata.getDatabases(0).toBuilder().setName("large").clearRetentionPolicies();
        for (int i = 0; i < 500; i++) { // policies are always sent, with a shard or without one
            database.addRetentionPolicies(
                    policy.setName("%03d".formatted(i) + "r".repeat(247)).clearShardGroups());
        }
        large.addDatabases(database);
        backup(large.build());
        http.version("1.6.7");

        CopyReport report = restore(withHttp());

        assertThat(report.stored()).hasSize(1);
        assertThat(report.complete()).isFalse();
        assertThat(server.databases()).containsExactly("db");
        assertThat(report.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.message())
                        .contains("'large' is not made", "influxd 1.6.7", "at once", "over loopback 125000"));
        failure(
                withHttp()
                        .selection(new Selection(
                                Optional.of("large"),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty())),
                RestoreRefused.class,
                "nothing was changed: database 'large'");
        http.version("1.8.10");
        assertThat(restore(withHttp()
                                .selection(new Selection(
                                        Optional.of("large"),
                                        Optional.empty(),
                                        Optional.empty(),
                                        Optional.empty(),
                                        Optional.empty())))
                        .complete())
                .isTrue();
    }

    @Test
    void serversBeforeOneFiveTakeNoRestoreOnline() {
        backup(metadata());
        http.version("1.4.3");

        SluiceException e = failure(withHttp(), RestoreRefused.class, "1.4.3", "before 1.5");

        assertThat(e.hint()).contains("-datadir");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void aBackupThatTellsItsServersVersionIsComparedWithTheTarget() {
        backUp(HttpAccess.anonymous(http.endpoint())); // of 1.8.10

        http.version("1.6.7");
        List<Event> far = restored();
        server.drop("db");
        http.version("1.12.4");
        List<Event> newer = restored();

        assertThat(messages(far))
                .containsExactly("the backup is of influxd 1.8.10 and the server is 1.6.7: more than one minor version "
                        + "lies between them");
        assertThat(far.get(1)).as("told before the first shard moves").isInstanceOf(Event.Told.class);
        assertThat(((Event.Finished) far.get(far.size() - 1)).report().notices())
                .hasSize(1);
        assertThat(messages(newer)).isEmpty();
    }

    @Test
    void aBackupIsMadeAlthoughNobodyTellsTheVersion() {
        CopyReport report = backUp(HttpAccess.anonymous(HttpEndpoint.plain("127.0.0.1", 1)));
        http.version("1.6.7");

        assertThat(report.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("does not say which version"));
        assertThat(messages(restored())).isEmpty();
    }

    private CopyReport backUp(HttpAccess access) {
        try (var source = ScriptedServer.byRequest(request -> switch (request.type()) {
            case 0 -> Script.answer(archive(SHARD));
            case 1 -> Script.answer(Answers.metastore(Answers.metadata(SHARD)));
            default -> Script.answer(Answers.pathList(SHARD));
        })) {
            CopyReport report = engine.backupReport(BackupRequest.portable(source.address(), directory)
                            .http(access)
                            .build())
                    .block(PATIENCE);
            assertThat(report).isNotNull();
            assertThat(report.complete()).isTrue();
            return report;
        }
    }

    private List<Event> restored() {
        List<Event> all = engine.restore(withHttp().build())
                .filter(event -> !(event instanceof Event.Progress))
                .collectList()
                .block(PATIENCE);
        assertThat(all).isNotNull();
        return all;
    }

    private static List<String> messages(List<Event> events) {
        return events.stream()
                .filter(Event.Told.class::isInstance)
                .map(event -> ((Event.Told) event).notice().message())
                .toList();
    }

    private RestoreRequest.Builder request() {
        return RestoreRequest.of(new End.Portable(directory), server.address()).retries(0);
    }

    private RestoreRequest.Builder withHttp() {
        return request().http(HttpAccess.anonymous(http.endpoint()));
    }

    private RestoreRequest.Builder renamed() {
        return withHttp().selection(database()).mapping(neu());
    }

    private static Selection database() {
        return new Selection(Optional.of("db"), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static Mapping neu() {
        return new Mapping(Optional.of("neu"), Optional.empty());
    }

    private CopyReport restore(RestoreRequest.Builder request) {
        CopyReport report = engine.restoreReport(request.build()).block(PATIENCE);
        assertThat(report).isNotNull();
        assertThat(report.outcomes()).noneMatch(ShardOutcome.Failed.class::isInstance);
        return report;
    }

    private SluiceException failure(
            RestoreRequest.Builder request, Class<? extends SluiceException> type, String... words) {
        Throwable e = catchThrowable(() -> engine.restoreReport(request.build()).block(PATIENCE));
        assertThat(e).isInstanceOf(type).hasMessageContainingAll(words);
        return (SluiceException) e;
    }

    private void backup(Data metadata) {
        PortableFiles.write(directory, metadata, Map.of(SHARD, archive(SHARD)));
    }

    private static byte[] archive(ShardRef shard) {
        return Answers.shard(shard, Answers.tsmFiles(shard.id(), 1));
    }

    private static Data metadata() {
        return metadata(SHARD);
    }

    private static Data metadata(ShardRef... shards) {
        try {
            return Data.parseFrom(Answers.metadata(shards));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Data withQuery() {
        Data metadata = metadata();
        return metadata.toBuilder()
                .setDatabases(
                        0,
                        metadata.getDatabases(0).toBuilder()
                                .addContinuousQueries(ContinuousQueryInfo.newBuilder()
                                        .setName("cq")
                                        .setQuery(QUERY)))
                .build();
    }

    private static UserInfo user(String name, boolean admin, String database, int privilege) {
        return UserInfo.newBuilder()
                .setName(name)
                .setHash("$2a$10$x")
                .setAdmin(admin)
                .addPrivileges(UserPrivilege.newBuilder().setDatabase(database).setPrivilege(privilege))
                .build();
    }
}
