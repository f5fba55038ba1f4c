package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.CuttingProxy;
import dev.sluice.engine.testkit.PortableFiles;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a real influxd has after a restore beside its points, and what it makes of large metadata. */
@RequiresInfluxd
class RestoreMetadataIT {

    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final String QUERY = "SELECT mean(v) INTO \"later\".\"hourly\" FROM m GROUP BY time(1h), t";

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void r8ContinuousQueriesAndPrivilegesComeBackOverHttp(Binary binary) {
        backUpTelemetry(binary);
        try (var server =
                RealInfluxd.builder(binary).set("http", "auth-enabled", "true").start()) {
            server.query("CREATE USER root WITH PASSWORD 'secret' WITH ALL PRIVILEGES", "");
            var root = access(server, new Credentials.Basic("root", "secret"));
            server.queryAs("root", "secret", "CREATE USER reader WITH PASSWORD 'x'");

            var wrong = access(server, new Credentials.Basic("root", "wrong"));
            Throwable refused = catchThrowable(() -> restore(renamed(server).http(wrong)));
            assertThat(refused).hasMessageContaining("authorization failed");
            assertThat(metastore(server).databases())
                    .extracting(Metastore.Database::name)
                    .doesNotContain("neu \"x\"");

            CopyReport report = restore(renamed(server).http(root));

            assertThat(report.complete()).as(report.toString()).isTrue();
            Metastore after = metastore(server);
            assertThat(after.find("neu \"x\"").orElseThrow().continuousQueries())
                    .extracting(Metastore.ContinuousQuery::query)
                    .containsExactly(
                            "CREATE CONTINUOUS QUERY cq ON \"neu \\\"x\\\"\" BEGIN SELECT mean(v) INTO "
                                    + "\"neu \\\"x\\\"\".later.hourly FROM \"neu \\\"x\\\"\".autogen.m GROUP BY time(1h), t END");
            assertThat(after.users())
                    .filteredOn(user -> user.name().equals("reader"))
                    .flatExtracting(Metastore.User::privileges)
                    .containsExactly(new Metastore.Grant("neu \"x\"", Metastore.Privilege.WRITE));
            assertThat(report.notices())
                    .extracting(Notice::hint)
                    .anySatisfy(hint -> assertThat(hint)
                            .contains("CREATE USER \"gone\"", "GRANT READ ON \"neu \\\"x\\\"\" TO \"gone\""));

            CopyReport again = restore(renamed(server).http(root).intoExisting(Conflict.BACKUP));

            assertThat(again.complete()).isTrue();
            assertThat(again.notices())
                    .extracting(Notice::message)
                    .noneMatch(message -> message.contains("continuous query"));
            server.queryAs("root", "secret", "DROP CONTINUOUS QUERY cq ON \"neu \\\"x\\\"\"");
            server.queryAs(
                    "root",
                    "secret",
                    "CREATE CONTINUOUS QUERY cq ON \"neu \\\"x\\\"\" BEGIN SELECT max(v) INTO x FROM m GROUP BY time(1h) END");

            CopyReport other = restore(renamed(server).http(root).intoExisting(Conflict.BACKUP));

            assertThat(other.complete()).isTrue();
            assertThat(other.notices())
                    .extracting(Notice::message)
                    .contains(
                            "continuous query 'cq' of database 'neu \"x\"' exists with another text, and stays as it is");
        }
    }

    /** Since 1.12 a policy limits how old and how new points may be: fields of the metadata that Sluice does not know. */
    @ParameterizedTest
    @MethodSource(BINARIES)
    void policiesComeBackWithAllTheirSettings(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var live = RealInfluxd.started(binary);
                var stopped = RealInfluxd.started(binary)) {
            server.createDatabase("db");
            server.query(
                    "CREATE RETENTION POLICY kept ON db DURATION 30d REPLICATION 1 SHARD DURATION 2d DEFAULT"
                            + (binary.isAtLeast(1, 12) ? " FUTURE LIMIT 3h PAST LIMIT 12d" : ""),
                    "");
            server.write("db", "m v=1");
            List<String> policies = server.rows("SHOW RETENTION POLICIES", "db");
            assertThat(policies).anySatisfy(row -> assertThat(row).contains("shardGroupDuration=48h0m0s"));
            if (binary.isAtLeast(1, 12)) {
                assertThat(policies).anySatisfy(row -> assertThat(row).contains("=3h0m0s", "=288h0m0s"));
            }
            engine.backupReport(
                            BackupRequest.portable(server.rpcAddress(), temp).build())
                    .block(PATIENCE);

            restore(RestoreRequest.of(new End.Portable(temp), live.rpcAddress()));
            stopped.stop();
            engine.copy(CopyRequest.of(
                                    new End.Portable(temp),
                                    new End.Data(
                                            stopped.dataDir(),
                                            Optional.of(stopped.metaDir()),
                                            Optional.of(stopped.walDir())))
                            .build())
                    .blockLast(PATIENCE);
            stopped.start();

            assertThat(live.rows("SHOW RETENTION POLICIES", "db")).isEqualTo(policies);
            assertThat(stopped.rows("SHOW RETENTION POLICIES", "db")).isEqualTo(policies);
        }
    }

    /** The first influxd only: 5,000 shards take a server its time, most of all with TSI indexes. */
    @Test
    void twoHundredDatabasesOfTwentyFiveShardGroupsAreRestored() {
        Map<ShardRef, byte[]> archives = new LinkedHashMap<>();
        for (int database = 0; database < 200; database++) {
            String name = "database-%03d".formatted(database);
            long first = 1 + 25L * database;
            LongStream.range(first, first + 25)
                    .mapToObj(id -> new ShardRef(name, "autogen", id))
                    .forEach(shard -> archives.put(shard, Answers.shard(shard, Map.of())));
        }
        var one = new ShardRef("database-077", "autogen", 1 + 25L * 77);
        archives.put(one, Answers.shard(one, Answers.tsmFiles(1, 1)));
        PortableFiles.write(temp, metadata(archives.keySet().toArray(ShardRef[]::new)), archives);
        try (var server = RealInfluxd.started(RealInfluxd.binaries().get(0))) {
            server.createDatabase("before");
            server.write("before", "m v=1 1");

            CopyReport report = restore(RestoreRequest.of(new End.Portable(temp), server.rpcAddress())
                    .verification(Verification.OFF)
                    .http(access(server, Credentials.NONE)));

            assertThat(report.complete()).isTrue();
            assertThat(report.stored()).hasSize(5_000);
            Metastore after = metastore(server);
            assertThat(after.databases()).hasSize(201);
            assertThat(after.databases())
                    .filteredOn(database -> database.name().startsWith("database-"))
                    .allSatisfy(database -> assertThat(
                                    database.find("autogen").orElseThrow().groups())
                            .hasSize(25));
            assertThat(server.rows("SHOW MEASUREMENTS", "database-077")).isNotEmpty();
            assertThat(server.rows("SELECT * FROM m", "before")).containsExactly("m time=1 v=1");
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void s6LargeMetadataInSeveralSegmentsIsRefusedBeforeOrToldAfterAndNothingIsLost(Binary binary) {
        ShardRef[] shards = LongStream.rangeClosed(1, 60)
                .mapToObj(id -> new ShardRef("large", "autogen", id))
                .toArray(ShardRef[]::new);
        var small = new ShardRef("small", "autogen", 100);
        ShardRef[] all = Stream.concat(Arrays.stream(shards), Stream.of(small)).toArray(ShardRef[]::new);
        Map<ShardRef, byte[]> archives = new LinkedHashMap<>();
        for (ShardRef shard : all) {
            archives.put(shard, Answers.shard(shard, Map.of()));
        }
        PortableFiles.write(temp, metadata(all), archives);
        try (var server = RealInfluxd.started(binary);
                var proxy = CuttingProxy.to(server.rpcAddress()).withClientSegments(1448)) {
            server.createDatabase("before");
            server.write("before", "m v=1 1");
            // Leads to this machine, and does not look so.
            var network = new ServerAddress("0.0.0.0", proxy.address().port());
            if (!ServerVersion.parse(binary.version()).orElseThrow().isBefore(1, 8, 10)) { // it reads all that comes
                CopyReport report = restore(
                        RestoreRequest.of(new End.Portable(temp), network).http(access(server, Credentials.NONE)));

                assertThat(report.complete()).as(report.toString()).isTrue();
                assertThat(report.stored()).hasSize(61);
                assertThat(server.rows("SELECT * FROM m", "before")).containsExactly("m time=1 v=1");
                return;
            }

            Throwable refused =
                    catchThrowable(() -> restore(only("large", network).http(access(server, Credentials.NONE))));

            assertThat(refused)
                    .isInstanceOf(RestoreRefused.class)
                    .hasMessageContainingAll("'large'", "at once", "over a network 1448");
            assertThat(((SluiceException) refused).hint()).contains("localhost:8088");
            assertThat(proxy.conversations()).noneMatch(conversation -> conversation.type() == 6);

            Throwable failed = catchThrowable(() -> restore(only("large", network)));

            assertThat(failed)
                    .isInstanceOf(RestoreRefused.class)
                    .hasMessageContainingAll("DB metadata not changed", "before 1.8.8 misreads");
            assertThat(proxy.conversations()).anyMatch(conversation -> conversation.type() == 6);

            CopyReport report =
                    restore(RestoreRequest.of(new End.Portable(temp), network).http(access(server, Credentials.NONE)));

            assertThat(report.stored()).extracting(receipt -> receipt.ref()).containsExactly(small);
            assertThat(report.missing()).hasSize(60);
            assertThat(metastore(server).databases())
                    .extracting(Metastore.Database::name)
                    .containsExactly("before", "small");
            assertThat(server.rows("SELECT * FROM m", "before")).containsExactly("m time=1 v=1");
        }
    }

    /** A database with a continuous query and two users. */
    private void backUpTelemetry(Binary binary) {
        try (var server = RealInfluxd.started(binary)) {
            server.createDatabase("telemetry");
            server.createRetentionPolicy("telemetry", "later", "24h");
            server.write("telemetry", "m,t=a v=1 1000000000\nm,t=b v=2 2000000000");
            server.query("CREATE CONTINUOUS QUERY cq ON telemetry BEGIN " + QUERY + " END", "");
            server.query("CREATE USER reader WITH PASSWORD 'x'", "");
            server.query("CREATE USER gone WITH PASSWORD 'x'", "");
            server.query("GRANT WRITE ON telemetry TO reader", "");
            server.query("GRANT READ ON telemetry TO gone", "");
            assertThat(server.influxdBackup("-portable", temp.resolve("backup").toString())
                            .exitCode())
                    .isZero();
        }
    }

    private RestoreRequest.Builder renamed(RealInfluxd server) {
        return RestoreRequest.of(new End.Portable(temp.resolve("backup")), server.rpcAddress())
                .selection(database("telemetry"))
                .mapping(new Mapping(Optional.of("neu \"x\""), Optional.empty()));
    }

    private RestoreRequest.Builder only(String database, ServerAddress address) {
        return RestoreRequest.of(new End.Portable(temp), address).selection(database(database));
    }

    private static Selection database(String name) {
        return new Selection(Optional.of(name), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static HttpAccess access(RealInfluxd server, Credentials credentials) {
        ServerAddress address = server.httpAddress();
        return new HttpAccess(HttpEndpoint.plain(address.host(), address.port()), credentials);
    }

    private static Metastore metastore(RealInfluxd server) {
        try {
            return Metastore.decode(
                    Metadata.of(Files.readAllBytes(server.metaDir().resolve("meta.db"))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Data metadata(ShardRef... shards) {
        try {
            return Data.parseFrom(Answers.metadata(shards));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CopyReport restore(RestoreRequest.Builder request) {
        CopyReport report = engine.restoreReport(request.build()).block(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }
}
