package dev.sluice.engine.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sample directories and the embedded server, judged by the original. */
@RequiresInfluxd
class SnapshotServerIT {

    private static final long SIZE = 12_000_000;

    /** A field that every point has, by the name of its measurement. */
    private static final Map<String, String> FIELDS = Map.of(
            "cpu",
            "usage_user",
            "mem",
            "used",
            "disk",
            "free",
            "net",
            "bytes_recv",
            "health",
            "state",
            "http",
            "status");

    @TempDir
    Path dir;

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void aRealServerOpensSampleDataAndCountsEveryPoint(RealInfluxd.Binary binary) throws IOException {
        try (RealInfluxd server = RealInfluxd.started(binary)) {
            SampleData.Summary summary = startOnSamples(server);
            assertThat(points(server)).isEqualTo(summary.points());
            assertThat(server.rows("SELECT count(*) FROM \"autogen\".http", "web"))
                    .hasSize(1);
            assertThat(server.log()).doesNotContainIgnoringCase("corrupt").doesNotContain("lvl=error");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void theOriginalBacksUpSampleDataAndRestoresAllOfIt(RealInfluxd.Binary binary) throws IOException {
        try (RealInfluxd samples = RealInfluxd.started(binary);
                RealInfluxd target = RealInfluxd.started(binary)) {
            SampleData.Summary summary = startOnSamples(samples);
            List<String> expected = answers(samples);
            samples.stop();

            RunningServer server = serve(samples.dataDir(), samples.metaDir());
            Path backup = dir.resolve("portable");
            succeeds(target.influxdBackupFrom(server.address(), "-portable", backup.toString()));
            server.stop().block();
            succeeds(target.influxdRestore("-portable", backup.toString()));

            assertThat(points(target)).isEqualTo(summary.points());
            assertThat(answers(target)).isEqualTo(expected);
        }
    }

    /** What was acknowledged and stands only in the log of a server that was killed, one shard without any file. */
    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void theOriginalBacksUpWhatAKilledServerLeftInItsLog(RealInfluxd.Binary binary) throws IOException {
        try (RealInfluxd killed = RealInfluxd.started(binary);
                RealInfluxd target = RealInfluxd.started(binary)) {
            killed.createDatabase("db");
            killed.write("db", "cpu,host=a value=1,state=\"old\" 1000000000");
            succeeds(killed.influxdBackup("-portable", dir.resolve("flush").toString())); // from the WAL to a file
            killed.write(
                    "db",
                    "cpu,host=a value=2 1000000000\ncpu,host=b value=3,state=\"new\" 2000000000\ncpu,host=gone value=9 1000000000");
            killed.write("db", "cpu,host=a value=4 900000000000000000"); // a shard of its own
            killed.rows("DELETE FROM cpu WHERE host = 'gone'", "db");
            List<String> expected = killed.rows("SELECT * FROM cpu", "db");
            assertThat(expected).hasSize(3);
            killed.kill();

            RunningServer server = serve(killed.dataDir(), killed.metaDir());
            Path backup = dir.resolve("portable");
            succeeds(target.influxdBackupFrom(server.address(), "-portable", "-db", "db", backup.toString()));
            server.stop().block();
            succeeds(target.influxdRestore("-portable", backup.toString()));

            assertThat(target.rows("SELECT * FROM cpu", "db")).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void theOriginalRestoresToItAndARealServerStartsOnWhatItTook(RealInfluxd.Binary binary) throws IOException {
        for (String index : List.of("inmem", "tsi1")) {
            try (RealInfluxd original = RealInfluxd.started(binary);
                    RealInfluxd target = RealInfluxd.builder(binary)
                            .set("data", "index-version", "\"" + index + "\"")
                            .start()) {
                SampleData.Summary summary = startOnSamples(original);
                List<String> expected = answers(original);
                Path backup = dir.resolve("portable-" + index);
                succeeds(original.influxdBackup("-portable", backup.toString()));
                target.createDatabase("own");
                target.write("own", "cpu,host=a value=1 1000000000");
                List<String> own = target.rows("SELECT * FROM cpu", "own");
                target.stop();

                RunningServer server = writable(target.dataDir(), target.metaDir());
                succeeds(target.influxdRestoreTo(server.address(), "-portable", backup.toString()));
                assertThat(target.influxdRestoreTo(server.address(), "-portable", backup.toString())
                                .output())
                        .contains("DB metadata not changed. database may already exist");
                succeeds(target.influxdRestoreTo(
                        server.address(), "-portable", "-db", "web", "-newdb", "web2", backup.toString()));
                server.stop().block();
                target.start();

                assertThat(points(target)).isEqualTo(summary.points());
                assertThat(answers(target)).isEqualTo(expected);
                assertThat(target.rows("SELECT count(*) FROM http", "web2"))
                        .isEqualTo(original.rows("SELECT count(*) FROM http", "web"));
                assertThat(target.rows("SELECT * FROM cpu", "own")).isEqualTo(own);
                target.write("web2", "http,host=new status=1i");
                assertThat(target.rows("SELECT count(status) FROM http WHERE host = 'new'", "web2"))
                        .hasSize(1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void uploadsIntoAShardThatIsIndexedAreSeen(RealInfluxd.Binary binary) throws IOException {
        for (String index : List.of("inmem", "tsi1")) {
            try (RealInfluxd original = RealInfluxd.started(binary);
                    RealInfluxd target = RealInfluxd.builder(binary)
                            .set("data", "index-version", "\"" + index + "\"")
                            .start();
                    SluiceEngine engine = SluiceEngine.create()) {
                original.createDatabase("db");
                original.write("db", "cpu,host=b value=2 1000000000\nmem,host=b used=2 1000000000");
                target.createDatabase("db");
                target.write("db", "cpu,host=a value=1 1000000000");
                target.stop();
                target.start();
                target.influxdBackup("-portable", dir.resolve("flush-" + index).toString()); // from the WAL to a file
                target.stop();

                RunningServer server = writable(target.dataDir(), target.metaDir());
                Path backup = dir.resolve("merge-" + index);
                succeeds(original.influxdBackup("-portable", "-db", "db", backup.toString()));
                CopyReport report = Objects.requireNonNull(
                        engine.restoreReport(RestoreRequest.of(new End.Portable(backup), server.address())
                                        .intoExisting(Conflict.BACKUP)
                                        .build())
                                .block());
                server.stop().block();
                assertThat(report.outcomes()).allMatch(ShardOutcome.Stored.class::isInstance);
                assertThat(report.notices())
                        .as("what a restore cannot know: that this server has its index made anew")
                        .singleElement()
                        .satisfies(notice -> assertThat(notice.message()).contains("mem.used"))
                        .satisfies(notice -> assertThat(notice.hint()).contains("'sluice serve'"));
                target.start();

                assertThat(target.rows("SELECT value FROM cpu GROUP BY host", "db"))
                        .hasSize(2);
                assertThat(target.rows("SELECT used FROM mem", "db")).hasSize(1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void theOriginalBacksUpInEveryOtherWay(RealInfluxd.Binary binary) throws IOException {
        Path home = Files.createDirectory(dir.resolve("home"));
        var summary =
                Objects.requireNonNull(SampleData.write(home, 5, 1_000_000).block());
        Map<String, Long> all = files(summary.dataDir());
        RunningServer server = serve(summary.dataDir(), summary.metaDir());
        try (RealInfluxd tool = RealInfluxd.started(binary)) {
            assertThat(backedUp(tool, server, "legacy", "-database", "telemetry"))
                    .isEqualTo(under(all, "telemetry/"));
            assertThat(backedUp(tool, server, "legacy-rp", "-database", "telemetry", "-retention", "raw"))
                    .isEqualTo(under(all, "telemetry/raw/"));
            assertThat(backedUp(tool, server, "portable", "-portable")).isEqualTo(all);
            assertThat(backedUp(tool, server, "portable-db", "-portable", "-db", "web"))
                    .isEqualTo(under(all, "web/"));
            assertThat(backedUp(
                            tool, server, "shard", "-portable", "-db", "telemetry", "-rp", "autogen", "-shard", "2"))
                    .isEqualTo(under(all, "telemetry/autogen/2/"));
            assertThat(backedUp(tool, server, "since", "-portable", "-since", "2100-01-01T00:00:00Z"))
                    .isEmpty();
            // The last quarter of the last week and of the last day: newer files only.
            Map<String, Long> last = backedUp(
                    tool,
                    server,
                    "range",
                    "-portable",
                    "-start",
                    "2026-11-22T20:00:00Z",
                    "-end",
                    "2026-11-22T20:30:00Z");
            assertThat(last)
                    .containsOnlyKeys(
                            "telemetry/autogen/6/000000009-000000001.tsm",
                            "telemetry/raw/10/000000009-000000001.tsm",
                            "web/autogen/12/000000009-000000001.tsm")
                    .allSatisfy((name, size) -> assertThat(size).isEqualTo(all.get(name)));
        } finally {
            server.stop().block();
        }
    }

    private static SampleData.Summary startOnSamples(RealInfluxd server) throws IOException {
        server.stop();
        for (Path path : List.of(server.dataDir(), server.metaDir(), server.walDir())) {
            if (!Files.exists(path)) {
                continue; // a server that has stored nothing has no WAL
            }
            try (Stream<Path> files = Files.walk(path)) {
                for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                    Files.delete(file);
                }
            }
        }
        var summary = Objects.requireNonNull(
                SampleData.write(server.dataDir().resolveSibling(""), 5, SIZE).block());
        server.start();
        return summary;
    }

    private static End.Data directories(Path dataDir, Path metaDir) {
        return new End.Data(dataDir, Optional.of(metaDir), Optional.empty());
    }

    private static RunningServer serve(Path dataDir, Path metaDir) {
        return Objects.requireNonNull(SnapshotServer.bind(
                        new ServerAddress("127.0.0.1", 0),
                        directories(dataDir, metaDir),
                        dataDir.resolveSibling("scratch"))
                .block());
    }

    private static RunningServer writable(Path dataDir, Path metaDir) {
        return Objects.requireNonNull(SnapshotServer.bindWritable(
                        new ServerAddress("127.0.0.1", 0),
                        directories(dataDir, metaDir),
                        dataDir.resolveSibling("scratch"))
                .block());
    }

    private static long points(RealInfluxd server) {
        long points = 0;
        for (Map.Entry<String, String> field : FIELDS.entrySet()) {
            String database = field.getKey().equals("http") ? "web" : "telemetry";
            for (String policy : database.equals("web") ? List.of("autogen") : List.of("autogen", "raw")) {
                String query = "SELECT count(%s) AS n FROM %s.%s".formatted(field.getValue(), policy, field.getKey());
                for (String row : server.rows(query, database)) {
                    points += Long.parseLong(row.substring(row.indexOf(" n=") + 3));
                }
            }
        }
        return points;
    }

    private static List<String> answers(RealInfluxd server) {
        var answers = new ArrayList<String>();
        for (String query :
                List.of("SELECT count(*) FROM /.*/", "SELECT first(*) FROM /.*/", "SELECT last(*) FROM /.*/")) {
            answers.addAll(server.rows(query + " GROUP BY host", "telemetry"));
            answers.addAll(server.rows(query.replace("FROM ", "FROM raw.") + " GROUP BY host", "telemetry"));
            answers.addAll(server.rows(query + " GROUP BY host, path", "web"));
        }
        answers.addAll(server.rows("SELECT sum(usage_user), max(usage_system) FROM cpu GROUP BY host", "telemetry"));
        answers.addAll(server.rows("SELECT count(distinct(status)), sum(requests) FROM http GROUP BY path", "web"));
        assertThat(answers).hasSizeGreaterThan(50);
        return answers;
    }

    private Map<String, Long> backedUp(RealInfluxd tool, RunningServer server, String name, String... args)
            throws IOException {
        Path backup = dir.resolve(name);
        var all = new ArrayList<>(List.of(args));
        all.add(backup.toString());
        succeeds(tool.influxdBackupFrom(server.address(), all.toArray(String[]::new)));
        var files = new TreeMap<String, Long>();
        try (Stream<Path> archives = Files.list(backup)) {
            for (Path archive : archives.toList()) {
                String file = archive.getFileName().toString();
                if (!file.endsWith(".manifest") && !file.startsWith("meta.") && !file.endsWith(".meta")) {
                    try (InputStream in = Files.newInputStream(archive);
                            InputStream plain = file.endsWith(".gz") ? new GZIPInputStream(in) : in) {
                        files.putAll(untar(plain));
                    }
                }
            }
        }
        return files;
    }

    private static Map<String, Long> untar(InputStream archive) throws IOException {
        var files = new TreeMap<String, Long>();
        var tar = new TarArchiveInputStream(archive, "UTF-8");
        for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            files.put(entry.getName(), (long) tar.readAllBytes().length);
        }
        return files;
    }

    private static Map<String, Long> files(Path root) throws IOException {
        var files = new TreeMap<String, Long>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(root.relativize(file).toString(), Files.size(file));
            }
        }
        return files;
    }

    private static Map<String, Long> under(Map<String, Long> files, String prefix) {
        var some = new TreeMap<>(files);
        some.keySet().removeIf(name -> !name.startsWith(prefix));
        return some;
    }

    private static void succeeds(ToolRun run) {
        assertThat(run.exitCode()).as(run.output()).isZero();
    }
}
