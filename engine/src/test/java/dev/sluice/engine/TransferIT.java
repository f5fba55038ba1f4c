package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
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
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The whole way with a real influxd: load, export, import with the original's client and with Sluice, same answers. */
@RequiresInfluxd
class TransferIT {

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
    void whatADirectoryHoldsArrivesByEitherClient(Binary binary) throws IOException {
        List<String> answers;
        Path plain = temp.resolve("plain.lp");
        Path merged = temp.resolve("merged.lp");
        try (var server = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 7);
            answers = SampleLines.answers(server);
            server.stop(); // the points are in its WAL
            var from = new End.Data(server.dataDir(), Optional.of(server.metaDir()), Optional.of(server.walDir()));
            assertThat(export(from, plain, r -> r).complete()).isTrue();
            ExportReport whole = export(from, merged, r -> r.mergeFields(true));
            assertThat(whole.complete()).isTrue();
            assertThat(whole.lines()).isEqualTo(SampleLines.SHARDS * (long) SampleLines.POINTS_PER_SHARD);
        }
        for (Path file : List.of(plain, merged)) {
            try (var target = RealInfluxd.started(binary)) {
                ImportReport report = imported(target, file);
                assertThat(report.complete()).as("%s", report.examples()).isTrue();
                assertThat(SampleLines.answers(target)).isEqualTo(answers);
            }
            Path client = binary.path().resolveSibling("influx");
            if (Files.isExecutable(client)) {
                try (var target = RealInfluxd.started(binary)) {
                    ToolRun run = ToolRun.run(
                            List.of(
                                    client.toString(),
                                    "-import",
                                    "-host",
                                    target.httpAddress().host(),
                                    "-port",
                                    Integer.toString(target.httpAddress().port()),
                                    "-path",
                                    file.toString()),
                            Map.of(),
                            PATIENCE);
                    assertThat(run.exitCode()).as(run.output()).isZero();
                    assertThat(SampleLines.answers(target)).isEqualTo(answers);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void whatALiveServerHoldsArrives(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var target = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 3);
            Path file = temp.resolve("live.lp");

            ExportReport report = export(
                    new End.Live(server.rpcAddress()),
                    file,
                    r -> r.mergeFields(true).scratch(temp.resolve("s")));

            assertThat(report.complete()).isTrue();
            assertThat(imported(target, file).complete()).isTrue();
            assertThat(SampleLines.answers(target)).isEqualTo(SampleLines.answers(server));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void durationsAndDefaultPoliciesSurvive(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var target = RealInfluxd.started(binary)) {
            server.createDatabase("d");
            server.query(
                    "CREATE RETENTION POLICY \"long one\" ON d DURATION 5200w REPLICATION 1 SHARD DURATION 3d DEFAULT",
                    "");
            server.write("d", "autogen", "m v=1 " + SampleLines.START);
            server.write("d", "long one", "m v=2 " + SampleLines.START);
            Path file = temp.resolve("d.lp");
            export(new End.Live(server.rpcAddress()), file, r -> r.scratch(temp.resolve("s")));

            assertThat(imported(target, file).complete()).isTrue();

            assertThat(target.rows("SHOW RETENTION POLICIES", "d"))
                    .containsExactlyInAnyOrderElementsOf(server.rows("SHOW RETENTION POLICIES", "d"));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void badPointsAreFoundAmongGoodOnes(Binary binary) throws IOException {
        try (var target = RealInfluxd.started(binary)) {
            target.createDatabase("d");
            target.write("d", "m v=1 1");
            var text = new StringBuilder("# DML\n# CONTEXT-DATABASE:d\n");
            for (int i = 0; i < 3000; i++) {
                text.append("n,t=%d v=%d %d\n".formatted(i % 9, i, SampleLines.START + i * 1_000_000_000L));
            }
            text.append("m v=true 2\n"); // another type than it has
            text.append("n v= 5\n");
            text.append("n s=\"a\n\nb\" 9");
            Path rejects = temp.resolve("rejects.lp");

            ImportReport report =
                    imported(target, Files.writeString(temp.resolve("in.lp"), text), r -> r.rejects(rejects));

            assertThat(report.written()).isEqualTo(3001);
            assertThat(report.rejected()).isEqualTo(2);
            assertThat(Files.readString(rejects)).contains("m v=true 2", "n v= 5");
            assertThat(target.rows("SELECT count(v) FROM n", "d")).containsExactly("n time=0 count=3000");
            assertThat(target.rows("SELECT s FROM n WHERE time = 9", "d")).containsExactly("n time=9 s=a\n\nb");
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aRestartInTheMiddleIsSurvived(Binary binary) throws Exception {
        try (var target = RealInfluxd.started(binary)) {
            target.createDatabase("d");
            var text = new StringBuilder("# DML\n# CONTEXT-DATABASE:d\n");
            for (int i = 0; i < 20_000; i++) {
                text.append("n,t=%d v=%d %d\n".formatted(i % 9, i, SampleLines.START + i * 1_000_000_000L));
            }
            Path file = Files.writeString(temp.resolve("in.lp"), text);
            var restart = new Thread(() -> {
                target.kill();
                target.start();
            });

            ImportReport report = imported(target, file, r -> {
                restart.start();
                return r.batchLines(500).pointsPerSecond(10_000);
            });
            restart.join();

            assertThat(report.written()).isEqualTo(20_000);
            assertThat(target.rows("SELECT count(v) FROM n", "d")).containsExactly("n time=0 count=20000");
        }
    }

    private ExportReport export(End from, Path out, UnaryOperator<ExportRequest.Builder> with) {
        ExportReport report = engine.export(
                        with.apply(ExportRequest.of(from, out)).build())
                .ofType(TransferEvent.Exported.class)
                .map(TransferEvent.Exported::report)
                .blockLast(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }

    private ImportReport imported(RealInfluxd target, Path file) {
        return imported(target, file, request -> request);
    }

    private ImportReport imported(RealInfluxd target, Path file, UnaryOperator<ImportRequest.Builder> with) {
        var endpoint = HttpEndpoint.plain(
                target.httpAddress().host(), target.httpAddress().port());
        ImportReport report = engine.importLines(
                        with.apply(ImportRequest.of(file, endpoint)).build())
                .ofType(TransferEvent.Imported.class)
                .map(TransferEvent.Imported::report)
                .blockLast(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }
}
