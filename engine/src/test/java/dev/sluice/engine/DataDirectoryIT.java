package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.DirectoriesInUse;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.testkit.Fixtures;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RecordedAnswers;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.test.StepVerifier;

/** Restores into the directories of a stopped server, which then starts and answers. */
@RequiresInfluxd
class DataDirectoryIT {

    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aServerAnswersTheSameAfterAnOfflineRestore(Binary binary) {
        restoredServerAnswersTheSame(binary, "inmem");
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aServerWithTsiIndexesAnswersTheSameToo(Binary binary) {
        restoredServerAnswersTheSame(binary, "tsi1");
    }

    /** Into a server that has a database of its own, with series and deletes in both. */
    private void restoredServerAnswersTheSame(Binary binary, String index) {
        try (var server = RealInfluxd.started(binary);
                var second = RealInfluxd.builder(binary)
                        .set("data", "index-version", "\"" + index + "\"")
                        .start()) {
            SampleLines.fill(server, 3);
            server.query("DELETE FROM cpu WHERE host = 'a'", "telemetry");
            engine.backupReport(
                            BackupRequest.portable(server.rpcAddress(), temp).build())
                    .block(PATIENCE);
            second.createDatabase("own");
            second.write("own", "m,t=1 v=1 " + SampleLines.START);
            second.stop();

            CopyReport report = copy(CopyRequest.of(new End.Directory(temp), directories(second)));

            assertThat(report.complete()).isTrue();
            leaveAnUnfinishedRestore(second);
            second.start();
            assertThat(hasTsiIndex(second)).isEqualTo(index.equals("tsi1"));
            assertThat(SampleLines.answers(second)).isNotEmpty().isEqualTo(SampleLines.answers(server));
            assertThat(second.rows("SELECT * FROM m GROUP BY *", "own")).hasSize(1);
            assertThat(second.rows("SHOW SERIES", "telemetry")).isEqualTo(server.rows("SHOW SERIES", "telemetry"));
            second.write("telemetry", "cpu,host=new usage=1 " + SampleLines.START);
            assertThat(second.query("SELECT * FROM cpu WHERE host = 'new'", "telemetry"))
                    .contains("new");
            second.stop();
            second.start();
            assertThat(second.query("SELECT * FROM cpu WHERE host = 'new'", "telemetry"))
                    .contains("new");
        }
    }

    /** As a restore that was killed leaves it: the server passes it over. */
    private static void leaveAnUnfinishedRestore(RealInfluxd server) {
        try {
            Files.writeString(server.metaDir().resolve("sluice.lock"), "pid 1, left");
            Path shard = Files.createDirectories(server.dataDir().resolve("telemetry/autogen/77.restoring"));
            Files.write(shard.resolve("000000001-000000001.tsm"), new byte[100]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean hasTsiIndex(RealInfluxd server) {
        try (Stream<Path> files = Files.walk(server.dataDir().resolve("telemetry"))) {
            return files.anyMatch(file -> file.endsWith("index/0/MANIFEST"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aLegacyBackupOfTheOriginalGoesUnderANewName(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var second = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 4);
            ToolRun backup = server.influxdBackup("-db", "edge.site-7", temp.toString());
            assertThat(backup.exitCode()).as(backup.output()).isZero();
            second.stop();

            CopyReport report = copy(CopyRequest.of(new End.Directory(temp), directories(second))
                    .selection(Selection.EVERYTHING.withDatabase("edge.site-7"))
                    .mapping(new Mapping(Optional.of("renamed"), Optional.empty())));

            assertThat(report.complete()).isTrue();
            second.start();
            for (String policy : new String[] {"autogen", "raw data"}) {
                assertThat(SampleLines.answers(second, "renamed", policy))
                        .isNotEmpty()
                        .isEqualTo(SampleLines.answers(server, "edge.site-7", policy));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binariesAndRecordings")
    void recordedBackupsComeBackWithAllTheirAnswers(Binary binary, String version) {
        Map<String, List<String>> expected = new TreeMap<>();
        try (var server = RealInfluxd.started(binary)) {
            server.stop();
            End.Data into = directories(server);
            restore(version, "legacy", "answers", "telemetry", "telemetry", into, expected);
            restore(version, "legacy-dotted", "answers", "edge.site-7", "edge.site-7", into, expected);
            restore(version, "portable-deletes", "answers-deletes", "telemetry", "deletes", into, expected);
            restore(version, "legacy-deletes", "answers-deletes", "telemetry", "deletes too", into, expected);
            restore(version, "legacy-since", "answers-since", "telemetry", "since", into, expected);
            server.start();

            assertThat(RecordedAnswers.asked(server, expected)).isEqualTo(expected);
        }
    }

    private void restore(
            String version,
            String backup,
            String answers,
            String database,
            String name,
            End.Data into,
            Map<String, List<String>> expected) {
        CopyReport report = copy(CopyRequest.of(new End.Directory(Fixtures.backup(version, backup)), into)
                .selection(Selection.EVERYTHING.withDatabase(database))
                .mapping(new Mapping(Optional.of(name), Optional.empty())));
        assertThat(report.complete()).isTrue();
        RecordedAnswers.of(version, answers).forEach((key, rows) -> {
            if (key.startsWith(database + "/")) {
                expected.put(name + key.substring(database.length()), rows);
            }
        });
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aColdBackupOfAStoppedServerIsRestoredByTheOriginal(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var second = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 5);
            var answers = SampleLines.answers(server);
            // A backup makes the server write its log to data files.
            engine.backupReport(BackupRequest.portable(server.rpcAddress(), temp.resolve("live"))
                            .build())
                    .block(PATIENCE);
            server.stop();

            CopyReport report = report(CopyRequest.of(directories(server), new End.Directory(temp.resolve("cold")))
                    .selection(Selection.EVERYTHING.withDatabase("telemetry")));

            assertThat(report.stored()).hasSize(7);
            ToolRun restore =
                    second.influxdRestore("-portable", temp.resolve("cold").toString());
            assertThat(restore.exitCode()).as(restore.output()).isZero();
            assertThat(SampleLines.answers(second, "telemetry", "one.day"))
                    .hasSize((int) answers.stream()
                            .filter(row -> row.startsWith("telemetry/one.day "))
                            .count())
                    .isNotEmpty();
        }
    }

    /** Overwritten points, a delete, and a server that had no time to write its log to data files. */
    @ParameterizedTest
    @MethodSource(BINARIES)
    void whatStandsOnlyInTheLogOfAKilledServerIsNotLeftBehind(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var second = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 5);
            engine.backupReport(BackupRequest.portable(server.rpcAddress(), temp.resolve("live"))
                            .build())
                    .block(PATIENCE); // from here on the log is empty
            SampleLines.fill(server, 6);
            server.query("DELETE FROM cpu WHERE host = 'a'", "telemetry");
            server.createDatabase("late");
            server.write("late", "m,t=1 v=1i,s=\"x\" " + SampleLines.START);
            List<String> answers = SampleLines.answers(server);
            List<String> late = server.rows("SELECT * FROM m GROUP BY *", "late");
            server.kill();

            CopyReport cold = report(CopyRequest.of(directories(server), new End.Portable(temp.resolve("cold"))));
            engine.restoreReport(RestoreRequest.of(new End.Portable(temp.resolve("cold")), second.rpcAddress())
                            .build())
                    .block(PATIENCE);

            assertThat(cold.complete()).isTrue();
            assertThat(cold.damaged()).isFalse();
            assertThat(SampleLines.answers(second)).isNotEmpty().isEqualTo(answers);
            assertThat(second.rows("SELECT * FROM m GROUP BY *", "late"))
                    .isNotEmpty()
                    .isEqualTo(late);
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aRunningServerIsRefused(Binary binary) {
        try (var server = RealInfluxd.started(binary)) {
            server.createDatabase("db");
            server.write("db", "m v=1 " + SampleLines.START);

            engine.copy(CopyRequest.of(directories(server), new End.Directory(temp))
                            .build())
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(DirectoriesInUse.class)
                            .hasMessageContaining("pid " + server.pid()))
                    .verify(PATIENCE);
        }
    }

    private static End.Data directories(RealInfluxd server) {
        return new End.Data(server.dataDir(), Optional.of(server.metaDir()), Optional.of(server.walDir()));
    }

    private CopyReport copy(CopyRequest.Builder request) {
        CopyReport report = report(request);
        assertThat(report.stored()).isNotEmpty();
        return report;
    }

    private CopyReport report(CopyRequest.Builder request) {
        return Objects.requireNonNull(engine.copy(request.build())
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE));
    }
}
