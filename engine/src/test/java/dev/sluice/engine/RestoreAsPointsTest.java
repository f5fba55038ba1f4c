package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.engine.error.FieldTypeConflict;
import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.FakeInflux;
import dev.sluice.engine.testkit.FakeInfluxd;
import dev.sluice.engine.testkit.PortableFiles;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.test.StepVerifier;

/** Shards of a backup that find no shard group like theirs in a database that exists: they go as points over HTTP. */
class RestoreAsPointsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ShardRef LIKE = new ShardRef("db", "rp", 1);
    private static final ShardRef UNLIKE = new ShardRef("db", "rp", 2);
    private static final int POINTS = 12_000;
    private static final Map<String, byte[]> FILES =
            Map.of("000000001-000000001.tsm", file(TsmBlock.ofFloats(times(), new double[POINTS])));

    private final SluiceEngine engine = SluiceEngine.create();
    private final FakeInfluxd server = new FakeInfluxd();
    private final FakeInflux http = new FakeInflux().version("1.8.10");

    @TempDir
    Path directory;

    @TempDir
    Path scratch;

    @AfterEach
    void close() {
        engine.close();
        server.close();
        http.close();
        assertThat(scratch).isEmptyDirectory();
    }

    @Test
    void onlyWhatHasNoPlaceGoesAsPoints() {
        serverHasDaysInPlaceOf(UNLIKE, "db");

        CopyReport report = restore(withHttp());

        assertThat(report.complete()).as(report.toString()).isTrue();
        assertThat(report.stored()).hasSize(2);
        assertThat(installed()).as("by the backup port").containsExactly("db/rp/101");
        assertThat(http.lines())
                .hasSize(POINTS)
                .allMatch(line -> line.startsWith("db/rp m,host=a f="))
                .contains("db/rp m,host=a f=0 " + times()[0]);
        assertThat(http.statements()).containsExactly("SHOW DATABASES");
        assertThat(report.stored().get(1).location()).isEqualTo("db/rp, as 12000 points over HTTP");
        assertThat(report.notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.NOTE);
            assertThat(notice.message()).contains("12000 points went over HTTP", "db/rp/2");
        });
    }

    @Test
    void pointsGoUnderTheNewNames() {
        serverHasDaysInPlaceOf(UNLIKE, "neu");

        CopyReport report = restore(withHttp()
                .selection(new Selection(
                        Optional.of("db"), Optional.of("rp"), Optional.of(2L), Optional.empty(), Optional.empty()))
                .mapping(new Mapping(Optional.of("neu"), Optional.empty())));

        assertThat(report.stored()).hasSize(1);
        assertThat(installed()).isEmpty();
        assertThat(http.lines()).hasSize(POINTS).allMatch(line -> line.startsWith("neu/rp m,host=a "));
    }

    @Test
    void blanksAroundANameArePartOfIt() {
        serverHasDaysInPlaceOf(UNLIKE, " neu");

        restore(withHttp().selection(only(UNLIKE)).mapping(new Mapping(Optional.of(" neu"), Optional.empty())));

        assertThat(http.lines()).hasSize(POINTS).allMatch(line -> line.startsWith(" neu/rp m,host=a "));
    }

    @Test
    void noGroupIsMadeForWhatWouldNotFit() {
        serverHasDaysInPlaceOf(UNLIKE, "db", 0);

        assertThat(restore(withHttp()).complete()).isTrue();

        assertThat(http.lines()).hasSize(POINTS).noneMatch(line -> line.contains("placeholder"));
        assertThat(http.statements()).noneMatch(statement -> statement.startsWith("DROP"));
    }

    /** The data is of 1970. */
    @Test
    void aPolicyThatIsMadeKeepsItsExpiryUnlessDataIsOlder() {
        server.withDatabase("db");
        backup(100_000 * 24L * 3600 * 1_000_000_000);

        restore(withHttp().keepExpired(true));

        assertThat(http.statements())
                .contains(
                        "CREATE RETENTION POLICY \"rp\" ON \"db\" DURATION 8640000000s REPLICATION 1 SHARD DURATION 604800s");
    }

    @Test
    void aPolicyThatIsMadeWithoutItsExpiryIsNamed() {
        server.withDatabase("db");
        backup(24L * 3600 * 1_000_000_000);

        CopyReport report = restore(withHttp().keepExpired(true));

        assertThat(http.statements())
                .contains("CREATE RETENTION POLICY \"rp\" ON \"db\" DURATION INF REPLICATION 1 SHARD DURATION 604800s");
        assertThat(report.notices())
                .anyMatch(notice -> notice.hint().contains("ALTER RETENTION POLICY")
                        && notice.hint().contains("DURATION 24h"));
    }

    /** Whether the server has it all the same, nobody can tell. */
    @Test
    void aPlaceholderIsDroppedEvenIfItsWriteGotNoAnswer() {
        serverLacksTheGroupOf(UNLIKE);
        http.slow(write -> write.lines().get(0).startsWith("sluice_placeholder") ? PATIENCE : Duration.ZERO);

        restore(withHttp().timeouts(new Timeouts(PATIENCE, Duration.ofMillis(300), PATIENCE)));

        assertThat(http.statements()).contains("DROP MEASUREMENT sluice_placeholder");
    }

    @Test
    void withoutHttpTheRefusalNamesBothRemedies() {
        serverHasDaysInPlaceOf(UNLIKE, "db");

        CopyReport report = restore(request().intoExisting(Conflict.BACKUP));

        assertThat(refusal(report)).contains("--http HOST:8086", "sluice copy -shard 2 FROM http://HOST:8086");
        assertThat(report.complete()).isFalse();
        assertThat(report.stored()).hasSize(1);
    }

    @Test
    void theRemedyHasTheNewNames() {
        serverHasDaysInPlaceOf(UNLIKE, "neu");

        CopyReport report = restore(request()
                .intoExisting(Conflict.BACKUP)
                .selection(only(UNLIKE))
                .mapping(new Mapping(Optional.of("neu"), Optional.empty())));

        assertThat(refusal(report)).contains("sluice copy -shard 2 -newdb 'neu' FROM http://HOST:8086");
    }

    @Test
    void whereExistingValuesWinNothingIsWrittenOverThem() {
        for (int days : new int[] {2, 0}) {
            serverHasDaysInPlaceOf(UNLIKE, "db", days);

            CopyReport report = restore(withHttp().intoExisting(Conflict.EXISTING));

            assertThat(refusal(report))
                    .contains("--on-conflict existing cannot be had", "--on-conflict backup", "sluice copy -shard 2");
            assertThat(http.writes()).isEmpty();
            server.drop("db");
        }
    }

    @Test
    void anotherFieldTypeInAnyOfTheServersShardsChangesNothing() {
        List<Long> days = serverHasDaysInPlaceOf(UNLIKE, "db");
        server.put(
                days.get(1), "000000001-000000001.tsm", file(TsmBlock.ofIntegers(new long[] {times()[0]}, new long[] {1
                })));

        Throwable e = failure(withHttp().selection(only(UNLIKE)));

        assertThat(e).isInstanceOf(FieldTypeConflict.class).hasMessageContaining("db/rp/" + days.get(1));
        assertThat(http.writes()).isEmpty();
    }

    @Test
    void pointsThatAreNotTakenAreMissing() {
        serverHasDaysInPlaceOf(UNLIKE, "db");
        http.onWrite(write -> FakeInflux.Answer.of(
                400,
                "{\"error\":\"partial write: points beyond retention policy dropped="
                        + write.lines().size() + "\"}"));

        CopyReport report = restore(withHttp().selection(only(UNLIKE)));

        assertThat(report.complete()).isFalse();
        assertThat(report.notices())
                .anySatisfy(notice -> assertThat(notice.message())
                        .contains("12000 points of shard db/rp/2 were not taken", "beyond retention policy"));
    }

    @Test
    void aServerThatIsBusyForAWhileGetsAllOfThem() {
        serverHasDaysInPlaceOf(UNLIKE, "db");
        var busy = new AtomicInteger(2);
        http.onWrite(write -> FakeInflux.Answer.of(busy.getAndDecrement() > 0 ? 503 : 0, "{\"error\":\"timeout\"}"));

        assertThat(restore(withHttp().retries(3)).complete()).isTrue();

        assertThat(http.points()).hasSize(POINTS);
    }

    @Test
    void aFailureTellsWhatIsWritten() {
        serverHasDaysInPlaceOf(UNLIKE, "db");
        var first = new AtomicInteger();
        http.onWrite(write -> FakeInflux.Answer.of(first.getAndIncrement() == 0 ? 0 : 403, "{\"error\":\"no more\"}"));
        List<Event> events = new CopyOnWriteArrayList<>();

        Throwable e = catchThrowable(() -> engine.restore(
                        withHttp().selection(only(UNLIKE)).concurrency(1).build())
                .doOnNext(events::add)
                .blockLast(PATIENCE));

        assertThat(e).isInstanceOf(HttpRefused.class).hasMessageContaining("no more");
        assertThat(http.points()).as("a request has 10000 points at most").hasSize(10_000);
        assertThat(events)
                .filteredOn(Event.Told.class::isInstance)
                .extracting(event -> ((Event.Told) event).notice().message())
                .containsExactly("shard db/rp/2 was broken off with 10000 of its points written over HTTP");
    }

    @Test
    void aShardThatFailsDoesNotKeepTheOthersFromTheirPlaces() {
        serverHasDaysInPlaceOf(UNLIKE, "db");
        http.onWrite(write -> FakeInflux.Answer.of(403, "{\"error\":\"no\"}"));

        CopyReport report =
                engine.restoreReport(withHttp().skipErrors(true).build()).block(PATIENCE);

        assertThat(report).isNotNull();
        assertThat(report.outcomes().get(0)).isInstanceOf(ShardOutcome.Stored.class);
        assertThat(report.outcomes().get(1)).isInstanceOf(ShardOutcome.Failed.class);
    }

    @Test
    void aCancelEndsTheRequestsAndFreesTheScratch() {
        serverHasDaysInPlaceOf(UNLIKE, "db");
        http.slow(write -> Duration.ofSeconds(20));

        engine.restore(withHttp().selection(only(UNLIKE)).build())
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> http.writes().isEmpty() && !(event instanceof Event.Progress))
                .thenCancel()
                .verify(PATIENCE);
        // Closing waits for what is cleaned up; the scratch is looked at after that.
    }

    private String refusal(CopyReport report) {
        return report.outcomes().stream()
                .filter(ShardOutcome.Refused.class::isInstance)
                .map(outcome -> ((ShardOutcome.Refused) outcome).why())
                .findFirst()
                .orElseThrow();
    }

    private List<String> installed() {
        return server.files().entrySet().stream()
                .filter(shard -> !shard.getValue().isEmpty())
                .map(Map.Entry::getKey)
                .toList();
    }

    private List<Long> serverHasDaysInPlaceOf(ShardRef shard, String database) {
        return serverHasDaysInPlaceOf(shard, database, 2);
    }

    /** A group of a day in place of a week's, as many times; the others are as in the backup. */
    private List<Long> serverHasDaysInPlaceOf(ShardRef shard, String database, int days) {
        backup();
        Data data = metadata(LIKE, UNLIKE);
        RetentionPolicyInfo.Builder policy = data.getDatabases(0).getRetentionPolicies(0).toBuilder();
        int at = Math.toIntExact(shard.id() - 1);
        ShardGroupInfo week = policy.getShardGroups(at);
        policy.clearShardGroups().setShardGroupDuration(Answers.GROUP_NANOS / 7);
        data.getDatabases(0).getRetentionPolicies(0).getShardGroupsList().stream()
                .filter(group -> group.getId() != week.getId())
                .forEach(policy::addShardGroups);
        for (int day = 0; day < days; day++) {
            policy.addShardGroups(week.toBuilder()
                    .setStartTime(week.getStartTime() + day * Answers.GROUP_NANOS / 7)
                    .setEndTime(week.getStartTime() + (day + 1) * Answers.GROUP_NANOS / 7));
        }
        server.imported(
                data.toBuilder()
                        .setDatabases(
                                0,
                                data.getDatabases(0).toBuilder()
                                        .setName(database)
                                        .setRetentionPolicies(0, policy))
                        .build(),
                database);
        List<ShardGroupInfo> groups = server.metastore()
                .getDatabases(server.databases().indexOf(database))
                .getRetentionPolicies(0)
                .getShardGroupsList();
        return groups.stream()
                .filter(group -> group.getEndTime() - group.getStartTime() < Answers.GROUP_NANOS)
                .map(group -> group.getShards(0).getId())
                .toList();
    }

    /** All else is as in the backup. */
    private void serverLacksTheGroupOf(ShardRef shard) {
        backup();
        Data data = metadata(LIKE, UNLIKE);
        RetentionPolicyInfo.Builder policy = data.getDatabases(0).getRetentionPolicies(0).toBuilder()
                .removeShardGroups(Math.toIntExact(shard.id() - 1));
        server.imported(
                data.toBuilder()
                        .setDatabases(0, data.getDatabases(0).toBuilder().setRetentionPolicies(0, policy))
                        .build(),
                "db");
    }

    private RestoreRequest.Builder request() {
        return RestoreRequest.of(new End.Portable(directory), server.address())
                .retries(0)
                .scratch(scratch);
    }

    private RestoreRequest.Builder withHttp() {
        return request().http(HttpAccess.anonymous(http.endpoint())).intoExisting(Conflict.BACKUP);
    }

    private CopyReport restore(RestoreRequest.Builder request) {
        CopyReport report = engine.restoreReport(request.build()).block(PATIENCE);
        assertThat(report).isNotNull();
        assertThat(report.outcomes()).noneMatch(ShardOutcome.Failed.class::isInstance);
        return report;
    }

    private Throwable failure(RestoreRequest.Builder request) {
        return catchThrowable(() -> engine.restoreReport(request.build()).block(PATIENCE));
    }

    private static Selection only(ShardRef shard) {
        return new Selection(
                Optional.of(shard.database()),
                Optional.empty(),
                Optional.of(shard.id()),
                Optional.empty(),
                Optional.empty());
    }

    private void backup() {
        backup(0);
    }

    /** @param duration of its policy in nanoseconds, 0 for ever */
    private void backup(long duration) {
        Data data = metadata(LIKE, UNLIKE);
        DatabaseInfo database = data.getDatabases(0);
        PortableFiles.write(
                directory,
                data.toBuilder()
                        .setDatabases(
                                0,
                                database.toBuilder()
                                        .setRetentionPolicies(
                                                0,
                                                database.getRetentionPolicies(0).toBuilder()
                                                        .setDuration(duration)))
                        .build(),
                Map.of(
                        LIKE, Answers.shard(LIKE, Answers.tsmFiles(1, 2)),
                        UNLIKE, Answers.shard(UNLIKE, FILES)));
    }

    /** In the week that the shard without a place has. */
    private static long[] times() {
        return LongStream.range(0, POINTS)
                .map(step -> UNLIKE.id() * Answers.GROUP_NANOS + step * 30_000_000_000L)
                .toArray();
    }

    private static byte[] file(TsmBlock block) {
        var bytes = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(bytes))) {
            writer.write("m,host=a#!~#f".getBytes(StandardCharsets.UTF_8), block);
            writer.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static Data metadata(ShardRef... shards) {
        try {
            return Data.parseFrom(Answers.metadata(shards));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
