package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.source.PortableSource;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.store.DirectoryStore;
import dev.sluice.engine.testkit.Contents;
import dev.sluice.engine.testkit.Fixtures;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import dev.sluice.engine.testkit.TestThreads;
import dev.sluice.engine.testkit.ToolRun;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Legacy backups by Sluice and by the original, each restored by the original. */
@RequiresInfluxd
class LegacyBackupIT {

    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final String DATABASE = "telemetry";

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void theOriginalRestoresItOnline(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var second = RealInfluxd.started(binary)) {
            fill(server);

            CopyReport report = backup(server, Selection.EVERYTHING.withDatabase(DATABASE));

            assertThat(report.complete()).isTrue();
            ToolRun restore = second.influxdRestore("-online", "-db", DATABASE, temp.toString());
            assertThat(restore.exitCode()).as(restore.output()).isZero();
            assertThat(answers(second)).isNotEmpty().isEqualTo(answers(server));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void theOriginalRestoresItOffline(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var second = RealInfluxd.started(binary)) {
            fill(server);
            backup(server, Selection.EVERYTHING.withDatabase(DATABASE));
            second.stop();

            ToolRun meta = second.influxdRestore("-metadir", second.metaDir().toString(), temp.toString());
            ToolRun data = second.influxdRestore(
                    "-datadir", second.dataDir().toString(), "-db", DATABASE, "-newdb", DATABASE, temp.toString());

            assertThat(meta.exitCode()).as(meta.output()).isZero();
            assertThat(data.exitCode()).as(data.output()).isZero();
            second.start();
            assertThat(answers(second)).isNotEmpty().isEqualTo(answers(server));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void holdsTheFilesThatTheOriginalSaves(Binary binary) {
        try (var server = RealInfluxd.started(binary)) {
            fill(server);
            Path original = temp.resolve("original");
            ToolRun run = server.influxdBackup("-db", DATABASE, original.toString());
            assertThat(run.exitCode()).as(run.output()).isZero();
            Path ours = temp.resolve("ours");

            engine.backupReport(BackupRequest.legacy(server.rpcAddress(), ours)
                            .selection(Selection.EVERYTHING.withDatabase(DATABASE))
                            .build())
                    .block(PATIENCE);

            assertThat(Fixtures.names(ours)).isEqualTo(Fixtures.names(original));
            for (String name : Fixtures.names(original)) {
                assertThat(ours.resolve(name)).as(name).hasSameBinaryContentAs(original.resolve(name));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void b7WithoutADatabaseOnlyTheMetastoreIsSavedAndThatIsSaid(Binary binary) {
        try (var server = RealInfluxd.started(binary)) {
            fill(server);

            CopyReport report = backup(server, Selection.EVERYTHING);

            assertThat(Fixtures.names(temp)).containsExactly("meta.00");
            assertThat(report.notices())
                    .singleElement()
                    .satisfies(notice -> assertThat(notice.message()).contains("only the metastore"));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void copiesFromEveryEndToEveryOtherAreTheSame(Binary binary) {
        try (var server = RealInfluxd.started(binary)) {
            fill(server);
            End live = new End.Live(server.rpcAddress());
            Path portable = temp.resolve("portable");
            Path legacy = temp.resolve("legacy");
            Path again = temp.resolve("again");

            copy(live, new End.Directory(portable));
            copy(new End.Directory(portable), new End.Legacy(legacy));
            copy(new End.Directory(legacy), new End.Portable(again));

            var expected = Contents.of(source(portable), Selection.EVERYTHING);
            assertThat(expected).isNotEmpty();
            assertThat(Contents.of(source(again), Selection.EVERYTHING)).isEqualTo(expected);
            try (var second = RealInfluxd.started(binary)) {
                copy(live, new End.Live(second.rpcAddress()));
                assertThat(answers(second)).isNotEmpty().isEqualTo(answers(server));
            }
        }
    }

    private static Source source(Path portable) {
        return new PortableSource(
                DirectoryStore.existing(portable, TestThreads.FILES), portable.toString(), ReadOptions.STRICT);
    }

    private void copy(End from, End to) {
        CopyReport report = engine.copy(CopyRequest.of(from, to)
                        .selection(Selection.EVERYTHING.withDatabase(DATABASE))
                        .build())
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE);
        Objects.requireNonNull(report);
        assertThat(report.complete()).isTrue();
        assertThat(report.stored()).isNotEmpty();
    }

    private CopyReport backup(RealInfluxd server, Selection selection) {
        return Objects.requireNonNull(engine.backupReport(BackupRequest.legacy(server.rpcAddress(), temp)
                        .selection(selection)
                        .build())
                .block(PATIENCE));
    }

    /** Without dots in its names, which the original cannot restore. */
    private static void fill(RealInfluxd server) {
        server.createDatabase(DATABASE);
        server.createRetentionPolicy(DATABASE, "days", "24h");
        for (int shard = 0; shard < 2; shard++) {
            server.write(DATABASE, "autogen", SampleLines.lines(SampleLines.POLICIES.get(0), shard, 1));
            server.write(DATABASE, "days", SampleLines.lines(SampleLines.POLICIES.get(1), shard, 2));
        }
    }

    private static List<String> answers(RealInfluxd server) {
        return List.of(
                String.join("\n", SampleLines.answers(server, DATABASE, "autogen")),
                String.join("\n", SampleLines.answers(server, DATABASE, "days")));
    }
}
