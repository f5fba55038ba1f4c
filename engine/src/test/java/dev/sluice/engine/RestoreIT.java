package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RecordedAnswers;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Restores to a real influxd, whose answers are compared with those of the server that was backed up. */
@RequiresInfluxd
class RestoreIT {

    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";
    private static final String RECORDINGS = "dev.sluice.engine.testkit.RealInfluxd#binariesAndRecordings";
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @MethodSource(RECORDINGS)
    void recordedBackupsComeBackWithAllTheirAnswers(Binary binary, String version) {
        comesBackWithAllItsAnswers(binary, version, "portable-all", "answers");
        comesBackWithAllItsAnswers(binary, version, "portable-two-runs", "answers-second-run");
    }

    private void comesBackWithAllItsAnswers(Binary binary, String version, String backup, String answers) {
        var expected = RecordedAnswers.of(version, answers);
        try (var server = RealInfluxd.started(binary)) {
            CopyReport report = restore(
                    RestoreRequest.of(new End.Portable(RecordedAnswers.backup(version, backup)), server.rpcAddress()));

            assertThat(report.complete()).as(report.toString()).isTrue();
            assertThat(RecordedAnswers.asked(server, expected)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource(RECORDINGS)
    void aRecordedBackupOfOnePolicyComesBack(Binary binary, String version) {
        var expected = RecordedAnswers.where(
                RecordedAnswers.of(version, "answers"), key -> key.startsWith("telemetry/autogen/"));
        try (var server = RealInfluxd.started(binary)) {
            CopyReport report = restore(RestoreRequest.of(
                    new End.Portable(RecordedAnswers.backup(version, "portable-db-rp")), server.rpcAddress()));

            assertThat(report.complete()).as(report.toString()).isTrue();
            assertThat(expected).isNotEmpty();
            assertThat(RecordedAnswers.asked(server, expected)).isEqualTo(expected);
        }
    }

    /** No answers are recorded for it: the original's restore of the same files tells them. */
    @ParameterizedTest
    @MethodSource(RECORDINGS)
    void aRecordedBackupOfARangeComesBackAsTheOriginalRestoresIt(Binary binary, String version) {
        var questions =
                RecordedAnswers.where(RecordedAnswers.of(version, "answers"), key -> key.startsWith("telemetry/"));
        Path backup = RecordedAnswers.backup(version, "portable-range");
        try (var server = RealInfluxd.started(binary);
                var originals = RealInfluxd.started(binary)) {
            CopyReport report = restore(RestoreRequest.of(new End.Portable(backup), server.rpcAddress()));

            assertThat(report.complete()).as(report.toString()).isTrue();
            ToolRun original = originals.influxdRestore("-portable", backup.toString());
            assertThat(original.exitCode()).as(original.output()).isZero();
            var expected = RecordedAnswers.asked(originals, questions);
            assertThat(expected.get("telemetry/autogen/cpu")).isNotEmpty();
            assertThat(RecordedAnswers.asked(server, questions)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource(RECORDINGS)
    void incrementsOfTheOriginalAreChained(Binary binary, String version) {
        var expected = RecordedAnswers.where(
                RecordedAnswers.of(version, "answers-since"), key -> key.startsWith("telemetry/"));
        try (var server = RealInfluxd.started(binary)) {
            CopyReport report = restore(RestoreRequest.of(
                            new End.Portable(RecordedAnswers.backup(version, "portable-since")), server.rpcAddress())
                    .chain(true));

            assertThat(report.complete()).isTrue();
            assertThat(RecordedAnswers.asked(server, expected)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource(RECORDINGS)
    void recordedLegacyBackupsComeBackNamesWithDotsToo(Binary binary, String version) {
        legacyBackupComesBack(binary, version, "legacy", "telemetry/");
        legacyBackupComesBack(binary, version, "legacy-dotted", "edge.site-7/");
    }

    private void legacyBackupComesBack(Binary binary, String version, String backup, String database) {
        var expected = RecordedAnswers.where(RecordedAnswers.of(version, "answers"), key -> key.startsWith(database));
        try (var server = RealInfluxd.started(binary)) {
            CopyReport report = restore(
                    RestoreRequest.of(new End.Directory(RecordedAnswers.backup(version, backup)), server.rpcAddress()));

            assertThat(report.stored()).isNotEmpty();
            assertThat(RecordedAnswers.asked(server, expected)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource(RECORDINGS)
    void r4DeletedPointsStayDeleted(Binary binary, String version) throws IOException {
        deletedPointsStayDeleted(binary, version, "portable-deletes");
        deletedPointsStayDeleted(binary, version, "legacy-deletes");
        engine.close(); // brings what is being cleaned up to its end
        try (var left = Files.list(temp)) {
            assertThat(left).as("no scratch file is left").isEmpty();
        }
    }

    private void deletedPointsStayDeleted(Binary binary, String version, String backup) {
        var expected = RecordedAnswers.where(
                RecordedAnswers.of(version, "answers-deletes"), key -> key.startsWith("telemetry/"));
        try (var server = RealInfluxd.started(binary)) {
            CopyReport report = restore(
                    RestoreRequest.of(new End.Directory(RecordedAnswers.backup(version, backup)), server.rpcAddress())
                            .scratch(temp));

            assertThat(report.complete()).as(report.toString()).isTrue();
            assertThat(RecordedAnswers.asked(server, expected)).isEqualTo(expected);
            assertThat(report.notices())
                    .anySatisfy(notice -> assertThat(notice.message()).contains("stay deleted"));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void whatTheOriginalBackedUpComesBackInBothFormats(Binary binary) {
        try (var server = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 7);
            Path portable = temp.resolve("portable");
            Path legacy = temp.resolve("legacy");
            assertThat(server.influxdBackup("-portable", portable.toString()).exitCode())
                    .isZero();
            for (String database : List.of("telemetry", "edge.site-7", "日本 \"quoted\"")) {
                assertThat(server.influxdBackup("-db", database, legacy.toString())
                                .exitCode())
                        .isZero();
            }
            for (Path directory : List.of(portable, legacy)) {
                try (var second = RealInfluxd.started(binary)) {
                    CopyReport report = restore(RestoreRequest.of(new End.Directory(directory), second.rpcAddress()));

                    assertThat(report.complete()).as(report.toString()).isTrue();
                    assertThat(SampleLines.answers(second)).isEqualTo(SampleLines.answers(server));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void databaseAndPolicyGetNewNames(Binary binary) {
        Selection week = new Selection(
                Optional.of("telemetry"),
                Optional.of("one.week"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        var expected = RecordedAnswers.of("1.8.10", "answers").get("telemetry/one.week/cpu");
        try (var server = RealInfluxd.started(binary)) {
            restore(RestoreRequest.of(
                            new End.Portable(RecordedAnswers.backup("1.8.10", "portable-all")), server.rpcAddress())
                    .selection(week)
                    .mapping(new Mapping(Optional.of("bünd"), Optional.of("später \"x\""))));

            var asked = RecordedAnswers.asked(server, Map.of("bünd/später \"x\"/cpu", List.of()));
            assertThat(asked.values()).containsExactly(expected);
            assertThat(server.rows("SHOW RETENTION POLICIES", "bünd"))
                    .singleElement()
                    .asString()
                    .contains("default=true");
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void whatSluiceBackedUpComesBack(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var second = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 7);
            engine.backupReport(
                            BackupRequest.portable(server.rpcAddress(), temp).build())
                    .block(PATIENCE);

            CopyReport report = restore(RestoreRequest.of(new End.Portable(temp), second.rpcAddress()));

            assertThat(report.stored()).hasSize(SampleLines.SHARDS);
            assertThat(SampleLines.answers(second)).isEqualTo(SampleLines.answers(server));
            second.stop();
            second.start();
            assertThat(SampleLines.answers(second)).as("after a restart").isEqualTo(SampleLines.answers(server));
        }
    }

    /** The statistics have to agree: a shard that is read back after all is named. */
    @ParameterizedTest
    @MethodSource(BINARIES)
    void theServersStatisticsProveARestore(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var second = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 11);
            engine.backupReport(
                            BackupRequest.portable(server.rpcAddress(), temp).build())
                    .block(PATIENCE);
            var request = RestoreRequest.of(new End.Portable(temp), second.rpcAddress())
                    .verification(Verification.COUNTS)
                    .http(HttpAccess.anonymous(HttpEndpoint.plain(
                            second.httpAddress().host(), second.httpAddress().port())));

            CopyReport report = restore(request);
            CopyReport merged = restore(request.intoExisting(Conflict.BACKUP));

            assertThat(report.stored()).hasSize(SampleLines.SHARDS);
            assertThat(report.notices()).isEmpty();
            assertThat(merged.stored()).hasSize(SampleLines.SHARDS);
            assertThat(merged.notices()).noneMatch(notice -> notice.message().contains("read back"));
            assertThat(SampleLines.answers(second)).isEqualTo(SampleLines.answers(server));
        }
    }

    private CopyReport restore(RestoreRequest.Builder request) {
        CopyReport report = engine.restoreReport(request.build()).block(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }
}
