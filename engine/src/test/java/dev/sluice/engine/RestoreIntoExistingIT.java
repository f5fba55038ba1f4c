package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.FieldTypeConflict;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Restores into databases that a real, running influxd has already. */
@RequiresInfluxd
class RestoreIntoExistingIT {

    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final long WEEK = Duration.ofDays(7).toNanos();

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void theBackupsValuesWinAndNothingElseChanges(Binary binary) {
        merges(binary, Conflict.BACKUP);
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void theValuesThatAreThereWinAndNothingElseChanges(Binary binary) {
        merges(binary, Conflict.EXISTING);
    }

    /** Two shards, points 0 to 59 in the backup and 30 to 89 on the server, some of these still in its cache. */
    private void merges(Binary binary, Conflict winner) {
        try (var backedUp = RealInfluxd.started(binary);
                var server = RealInfluxd.started(binary)) {
            backedUp.createDatabase("db");
            server.createDatabase("db");
            for (int week = 0; week < 2; week++) {
                backedUp.write("db", points(week, 0, 40, 1));
                flush(backedUp);
                backedUp.write("db", points(week, 40, 60, 1));
                server.write("db", points(week, 30, 50, 2));
                flush(server);
                server.write("db", points(week, 45, 90, 3));
            }
            var expected = new TreeMap<String, String>();
            take(expected, server);
            if (winner == Conflict.BACKUP) {
                take(expected, backedUp);
            } else {
                var both = new TreeMap<String, String>();
                take(both, backedUp);
                both.putAll(expected);
                expected = both;
            }
            backup(backedUp);

            for (int run = 1; run <= 3; run++) {
                CopyReport report = restore(server, winner);

                assertThat(report.complete()).as(report.toString()).isTrue();
                assertThat(report.stored()).hasSize(2);
                var now = new TreeMap<String, String>();
                take(now, server);
                assertThat(now).as("run " + run).isEqualTo(expected);
            }
            server.stop();
            server.start();
            var now = new TreeMap<String, String>();
            take(now, server);
            assertThat(now).as("after a restart").isEqualTo(expected);

            server.write("db", "m,h=a v=99 " + (SampleLines.START + 30));
            take(expected, server);
            assertThat(expected.get(Long.toString(SampleLines.START + 30)))
                    .as("and later writes win over all")
                    .contains("v=99");
        }
    }

    /** A TSI index keeps the names of a shard's fields in a file that an upload does not change. */
    @ParameterizedTest
    @MethodSource(BINARIES)
    void fieldsThatAShardDidNotHaveAreShown(Binary binary) {
        showsFields(binary, Conflict.BACKUP);
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void fieldsThatAShardDidNotHaveAreShownWhereItsOwnValuesWin(Binary binary) {
        showsFields(binary, Conflict.EXISTING);
    }

    private void showsFields(Binary binary, Conflict winner) {
        try (var backedUp = RealInfluxd.started(binary);
                var server = RealInfluxd.started(binary)) {
            backedUp.createDatabase("db");
            backedUp.write("db", points(0, 0, 10, 1));
            backedUp.write("db", "known,h=a more=\"text\" " + SampleLines.START);
            server.createDatabase("db");
            server.write("db", "known,h=a v=1 " + SampleLines.START);
            backup(backedUp);
            var expected = new TreeMap<String, String>();
            take(expected, backedUp);

            CopyReport without = restore(server, winner);
            assertThat(without.complete()).isFalse();
            assertThat(without.notices())
                    .singleElement()
                    .satisfies(notice -> assertThat(notice.message()).contains("known.more", "m.v", "m.w"))
                    .satisfies(notice -> assertThat(notice.hint()).contains("--http"));

            server.query("DROP DATABASE db", "");
            server.createDatabase("db");
            server.write("db", "known,h=a v=1 " + SampleLines.START);
            CopyReport report = report(request(server, winner)
                    .http(HttpAccess.anonymous(HttpEndpoint.plain(
                            server.httpAddress().host(), server.httpAddress().port()))));

            assertThat(report.complete()).as(report.toString()).isTrue();
            for (String when : List.of("at once", "after a restart")) {
                var now = new TreeMap<String, String>();
                take(now, server);
                assertThat(now).as(when).isEqualTo(expected);
                assertThat(server.rows("SELECT v, more FROM known", "db"))
                        .as(when)
                        .singleElement()
                        .asString()
                        .contains("v=1", "more=text");
                server.stop();
                server.start();
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void missingPoliciesAndGroupsAreMadeOverHttp(Binary binary) {
        try (var backedUp = RealInfluxd.started(binary);
                var server = RealInfluxd.started(binary)) {
            SampleLines.fill(backedUp, 3);
            for (String database : List.of("telemetry", "edge.site-7")) {
                server.createDatabase(database);
            }
            backup(backedUp);

            CopyReport without = restore(server, Conflict.BACKUP);
            assertThat(without.missing())
                    .isNotEmpty()
                    .allSatisfy(outcome ->
                            assertThat(((ShardOutcome.Refused) outcome).why()).contains("--http"));

            server.query("DROP DATABASE " + RealInfluxd.identifier("日本 \"quoted\""), "");
            CopyReport report = report(request(server, Conflict.BACKUP)
                    .http(HttpAccess.anonymous(HttpEndpoint.plain(
                            server.httpAddress().host(), server.httpAddress().port()))));

            assertThat(report.complete()).as(report.toString()).isTrue();
            assertThat(SampleLines.answers(server)).isEqualTo(SampleLines.answers(backedUp));
            assertThat(server.rows("SHOW MEASUREMENTS", "telemetry")).noneMatch(row -> row.contains("placeholder"));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void whereShardDurationsDifferTheRefusalNamesTheCopyThatWorks(Binary binary) {
        try (var backedUp = RealInfluxd.started(binary);
                var server = RealInfluxd.started(binary)) {
            SampleLines.fill(backedUp, 3);
            server.createDatabase("telemetry");
            server.query("ALTER RETENTION POLICY autogen ON telemetry SHARD DURATION 1d", "");
            server.createRetentionPolicy("telemetry", "one.day", "168h");
            server.write("telemetry", "autogen", "other v=1 " + SampleLines.START);
            server.write("telemetry", "one.day", "other v=1 " + SampleLines.START);
            backup(backedUp);
            var http = HttpAccess.anonymous(HttpEndpoint.plain(
                    server.httpAddress().host(), server.httpAddress().port()));

            CopyReport refused = report(request(server, Conflict.BACKUP));
            assertThat(refused.missing())
                    .isNotEmpty()
                    .anySatisfy(outcome -> assertThat(((ShardOutcome.Refused) outcome).why())
                            .contains(
                                    "--http HOST:8086",
                                    "sluice copy -shard " + outcome.ref().id() + " FROM http://"));

            var copy = CopyRequest.of(new End.Portable(temp.resolve("backup")), new End.Http(http.endpoint()))
                    .build();
            for (int run = 1; run <= 2; run++) {
                TransferEvent.Copied copied = engine.copyLines(LineCopyRequest.of(copy, http))
                        .ofType(TransferEvent.Copied.class)
                        .blockLast(PATIENCE);

                assertThat(copied).isNotNull();
                assertThat(copied.read().complete()).isTrue();
                assertThat(copied.written().complete()).isTrue();
                assertThat(copied.written().written())
                        .isEqualTo(SampleLines.SHARDS * (long) SampleLines.POINTS_PER_SHARD);
                server.query("DROP MEASUREMENT other", "telemetry");
                assertThat(SampleLines.answers(server)).as("run " + run).isEqualTo(SampleLines.answers(backedUp));
            }
        }
    }

    /** Two weeks in the backup, the second of which the server has as days; the third week is the server's alone. */
    @ParameterizedTest
    @MethodSource(BINARIES)
    void whereShardDurationsDifferPointsGoOverHttp(Binary binary) {
        try (var backedUp = RealInfluxd.started(binary);
                var server = RealInfluxd.started(binary)) {
            backedUp.createDatabase("db");
            server.createDatabase("db");
            backedUp.write("db", everyHour(0, 0, 100, 1) + "\n" + everyHour(1, 0, 100, 1));
            server.write("db", everyHour(0, 50, 150, 2));
            server.query("ALTER RETENTION POLICY autogen ON db SHARD DURATION 1d", "");
            server.write("db", everyHour(1, 50, 75, 2));
            flush(server);
            server.write("db", everyHour(1, 75, 150, 2) + "\n" + everyHour(2, 0, 10, 2));
            backup(backedUp);
            var before = new TreeMap<String, String>();
            take(before, server);
            var expected = new TreeMap<>(before);
            take(expected, backedUp);
            var http = HttpAccess.anonymous(HttpEndpoint.plain(
                    server.httpAddress().host(), server.httpAddress().port()));

            long second = backedUp.rows("SHOW SHARDS", "").stream()
                    .filter(row -> row.contains("database=db"))
                    .mapToLong(row -> Long.parseLong(row.replaceAll(".*\\bid=(\\d+).*", "$1")))
                    .max()
                    .orElseThrow();

            CopyReport existing =
                    report(request(server, Conflict.EXISTING).http(http).selection(shard(second)));
            assertThat(existing.missing())
                    .singleElement()
                    .satisfies(outcome -> assertThat(((ShardOutcome.Refused) outcome).why())
                            .contains("--on-conflict existing cannot be had"));
            assertThat(now(server)).isEqualTo(before);

            for (int run = 1; run <= 3; run++) {
                CopyReport report = report(request(server, Conflict.BACKUP).http(http));

                assertThat(report.complete()).as(report.toString()).isTrue();
                assertThat(report.stored())
                        .extracting(receipt -> receipt.location().contains("as 100 points over HTTP"))
                        .containsExactly(false, true);
                assertThat(now(server)).as("run " + run).isEqualTo(expected);
            }
            server.stop();
            server.start();
            assertThat(now(server)).as("after a restart").isEqualTo(expected);
            assertThat(server.rows("SHOW MEASUREMENTS", "db")).hasSize(1);
        }
    }

    private static Selection shard(long id) {
        return new Selection(Optional.of("db"), Optional.empty(), Optional.of(id), Optional.empty(), Optional.empty());
    }

    private static Map<String, String> now(RealInfluxd server) {
        var now = new TreeMap<String, String>();
        take(now, server);
        return now;
    }

    private static String everyHour(int week, int from, int to, int value) {
        return IntStream.range(from, to)
                .mapToObj(i -> "m,h=a v=%d,w=\"%d of %d\" %d"
                        .formatted(
                                value,
                                i,
                                value,
                                SampleLines.START
                                        + week * WEEK
                                        + i * Duration.ofHours(1).toNanos()))
                .collect(Collectors.joining("\n"));
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void otherFieldTypesAreAnErrorBeforeTheShardIsTouched(Binary binary) {
        try (var backedUp = RealInfluxd.started(binary);
                var server = RealInfluxd.started(binary)) {
            backedUp.createDatabase("db");
            backedUp.write("db", "m v=1 " + SampleLines.START + "\nn w=\"text\" " + SampleLines.START);
            server.createDatabase("db");
            server.write("db", "m v=5 " + SampleLines.START + "\nn w=7i " + SampleLines.START);
            backup(backedUp);
            List<String> before = server.rows("SELECT * FROM /.*/", "db");

            engine.restore(request(server, Conflict.BACKUP).retries(0).build())
                    .as(StepVerifier::create)
                    .thenConsumeWhile(event -> true)
                    .expectErrorSatisfies(
                            e -> assertThat(e)
                                    .isInstanceOf(FieldTypeConflict.class)
                                    .hasMessageContaining(
                                            "field 'w' of measurement 'n' is a string in the backup and an integer on the server"))
                    .verify(PATIENCE);

            assertThat(rowsOnceEnabled(server, "SELECT * FROM /.*/")).isEqualTo(before);
            server.stop();
            server.start();
            assertThat(server.rows("SELECT * FROM /.*/", "db")).isEqualTo(before);
        }
    }

    /** A shard answers with an error from the first byte of an upload until the server has noticed that it was broken off. */
    private static List<String> rowsOnceEnabled(RealInfluxd server, String query) {
        return Objects.requireNonNull(Mono.fromCallable(() -> server.query(query, "db"))
                .filter(answer -> !answer.contains("\"error\""))
                .repeatWhenEmpty(50, again -> again.delayElements(Duration.ofMillis(100)))
                .map(answer -> server.rows(query, "db"))
                .block(PATIENCE));
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void withoutTheFlagWhatExistsStaysAsItIs(Binary binary) {
        try (var server = RealInfluxd.started(binary)) {
            server.createDatabase("db");
            server.write("db", points(0, 0, 10, 1));
            backup(server);
            server.write("db", points(0, 0, 10, 2));
            List<String> before = server.rows("SELECT * FROM m", "db");

            engine.restore(RestoreRequest.of(new End.Directory(temp.resolve("backup")), server.rpcAddress())
                            .build())
                    .as(StepVerifier::create)
                    .thenConsumeWhile(event -> true)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(RestoreRefused.class)
                            .hasMessageContaining("database may already exist"))
                    .verify(PATIENCE);

            assertThat(server.rows("SELECT * FROM m", "db")).isEqualTo(before);
        }
    }

    private static String points(int week, int from, int to, int value) {
        var lines = new ArrayList<String>();
        IntStream.range(from, to)
                .forEach(i -> lines.add("m,h=a v=%d,w=\"%d of %d\" %d"
                        .formatted(value, i, value, SampleLines.START + week * WEEK + i)));
        return String.join("\n", lines);
    }

    private static void take(Map<String, String> values, RealInfluxd server) {
        for (String row : server.rows("SELECT * FROM m", "db")) {
            values.put(row.replaceAll(".*time=(\\d+).*", "$1"), row);
        }
    }

    /** A backup makes the server write its cache to a file. */
    private void flush(RealInfluxd server) {
        assertThat(server.influxdBackup(
                                "-portable", "-db", "db", temp.resolve("flush").toString())
                        .exitCode())
                .isZero();
    }

    private void backup(RealInfluxd server) {
        assertThat(engine.backupReport(BackupRequest.portable(server.rpcAddress(), temp.resolve("backup"))
                                .build())
                        .block(PATIENCE))
                .isNotNull();
    }

    private RestoreRequest.Builder request(RealInfluxd server, Conflict winner) {
        return RestoreRequest.of(new End.Directory(temp.resolve("backup")), server.rpcAddress())
                .intoExisting(winner);
    }

    private CopyReport restore(RealInfluxd server, Conflict winner) {
        return report(request(server, winner));
    }

    private CopyReport report(RestoreRequest.Builder request) {
        CopyReport report = engine.restoreReport(request.build()).block(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }
}
