package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import dev.sluice.engine.testkit.ToolRun;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Backups of one version, restored to each other one, both by Sluice and by the original. Needs two versions at least. */
@RequiresInfluxd
class CrossVersionIT {

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    static Stream<Arguments> pairs() {
        return RealInfluxd.binaries().stream()
                .flatMap(from -> RealInfluxd.binaries().stream()
                        .filter(to -> !to.version().equals(from.version()))
                        .map(to -> Arguments.of(from, to)));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("pairs")
    void whatOneVersionGaveTheOtherTakes(Binary from, Binary to) {
        try (var server = RealInfluxd.started(from)) {
            SampleLines.fill(server, 11);
            Path byOriginal = temp.resolve("by-original");
            succeeds(server.influxdBackup("-portable", byOriginal.toString()));
            SampleLines.fill(server, 12); // shards of two files
            List<String> answers = SampleLines.answers(server);
            Path portable = temp.resolve("portable");
            engine.backupReport(BackupRequest.portable(server.rpcAddress(), portable)
                            .build())
                    .block(PATIENCE);
            succeeds(server.influxdBackup("-portable", byOriginal.toString()));
            Path legacy = temp.resolve("legacy");
            Path legacyByOriginal = temp.resolve("legacy-by-original");
            for (String database : List.of("telemetry", "edge.site-7", "日本 \"quoted\"")) {
                engine.backupReport(BackupRequest.legacy(server.rpcAddress(), legacy)
                                .selection(Selection.EVERYTHING.withDatabase(database))
                                .build())
                        .block(PATIENCE);
                succeeds(server.influxdBackup("-db", database, legacyByOriginal.toString()));
            }

            for (Path backup : List.of(portable, byOriginal, legacy, legacyByOriginal)) {
                try (var target = RealInfluxd.started(to)) {
                    CopyReport report = engine.restoreReport(
                                    RestoreRequest.of(new End.Directory(backup), target.rpcAddress())
                                            .build())
                            .block(PATIENCE);

                    assertThat(report).isNotNull();
                    assertThat(report.complete()).as(report.toString()).isTrue();
                    assertThat(SampleLines.answers(target))
                            .as(backup.toString())
                            .isEqualTo(answers);
                    target.stop();
                    target.start();
                    assertThat(SampleLines.answers(target))
                            .as(backup + " after a restart")
                            .isEqualTo(answers);
                }
            }
            for (Path backup : List.of(portable, byOriginal)) {
                try (var target = RealInfluxd.started(to)) {
                    succeeds(target.influxdRestore("-portable", backup.toString()));
                    assertThat(SampleLines.answers(target))
                            .as(backup.toString())
                            .isEqualTo(answers);
                }
            }
        }
    }

    /** Names without dots, which the original's restore of the legacy format needs. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("pairs")
    void theOriginalRestoresLegacyBackupsOfTheOtherVersion(Binary from, Binary to) {
        try (var server = RealInfluxd.started(from)) {
            server.createDatabase("telemetry");
            server.write("telemetry", SampleLines.lines(SampleLines.POLICIES.get(0), 0, 5));
            List<String> answers = SampleLines.answers(server, "telemetry", "autogen");
            Path ours = temp.resolve("ours");
            engine.backupReport(BackupRequest.legacy(server.rpcAddress(), ours)
                            .selection(Selection.EVERYTHING.withDatabase("telemetry"))
                            .build())
                    .block(PATIENCE);
            Path theirs = temp.resolve("theirs");
            succeeds(server.influxdBackup("-db", "telemetry", theirs.toString()));
            for (Path backup : List.of(ours, theirs)) {
                try (var target = RealInfluxd.started(to)) {
                    succeeds(target.influxdRestore("-online", "-db", "telemetry", backup.toString()));
                    assertThat(SampleLines.answers(target, "telemetry", "autogen"))
                            .as(backup.toString())
                            .isNotEmpty()
                            .isEqualTo(answers);
                }
            }
        }
    }

    private static void succeeds(ToolRun run) {
        assertThat(run.exitCode()).as(run.output()).isZero();
    }
}
