package dev.sluice.engine.tsm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RequiresInfluxd;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that this room wrote, under a real server. */
@RequiresInfluxd
class TsmOnInfluxdIT {

    private static final String ALL = "SELECT * FROM /.*/";

    @TempDir
    Path dir;

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void aRewrittenFileAnswersAsTheDeletesLeftIt(RealInfluxd.Binary binary) throws IOException {
        try (RealInfluxd server = RealInfluxd.started(binary)) {
            server.createDatabase("db");
            server.write("db", lines(0, 5000));
            server.influxdBackup("-portable", dir.resolve("flushed").toString()); // makes TSM of the cache
            server.query("DELETE FROM cpu WHERE time >= 700s AND time <= 2300s", "db");
            server.query("DELETE FROM cpu WHERE host = 'h3'", "db");
            server.query("DROP MEASUREMENT gone", "db");
            List<String> answers = server.rows(ALL, "db");
            server.stop();

            for (Path tsm : files(server.dataDir(), ".tsm")) {
                Path tombstone = Path.of(tsm.toString().replace(".tsm", ".tombstone"));
                Path rewritten = dir.resolve("rewritten.tsm");
                try (var in = FileChannel.open(tsm)) {
                    TsmRewriter.Result result = TsmRewriter.rewrite(
                            in,
                            Tombstone.read(() -> Files.newInputStream(tombstone)),
                            () -> FileChannel.open(rewritten, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                            Scratch.in(dir));
                    assertThat(result.removedValues()).isPositive();
                    assertThat(result.rewrittenBlocks()).isPositive();
                    assertThat(result.copiedBlocks()).isPositive();
                }
                Files.move(rewritten, tsm, StandardCopyOption.REPLACE_EXISTING);
                Files.delete(tombstone);
            }

            server.start();
            assertThat(server.rows(ALL, "db")).isEqualTo(answers).hasSizeGreaterThan(1000);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void whatIsMadeOfAWalAnswersAsTheWalDid(RealInfluxd.Binary binary) throws IOException {
        try (RealInfluxd server = RealInfluxd.started(binary)) {
            server.createDatabase("db");
            server.write("db", lines(0, 2000));
            server.influxdBackup("-portable", dir.resolve("flushed").toString());
            server.write("db", lines(1500, 3000).replace("used=", "used=1"));
            server.query("DELETE FROM cpu WHERE time >= 1600s AND time <= 1800s", "db");
            server.write("db", lines(1700, 1750));
            List<String> answers = server.rows(ALL, "db");
            server.kill();

            Path snapshot = files(server.dataDir(), ".tsm").get(0);
            var segments = new TreeMap<String, FileBytes>();
            for (Path segment : files(server.walDir(), ".wal")) {
                segments.put(segment.getFileName().toString(), () -> Files.newInputStream(segment));
            }
            WalReplay.Result result = WalReplay.toTsm(
                    segments,
                    () -> FileChannel.open(
                            snapshot.resolveSibling("000000099-000000001.tsm"),
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.WRITE),
                    Scratch.in(dir));
            assertThat(result.files()).isEqualTo(1);
            assertThat(result.damaged()).isEmpty();
            for (Path segment : files(server.walDir(), ".wal")) {
                Files.delete(segment);
            }

            server.start();
            assertThat(server.rows(ALL, "db")).isEqualTo(answers).hasSizeGreaterThan(1000);
        }
    }

    /** All types, a point a second and host. */
    private static String lines(int from, int to) {
        var lines = new StringBuilder();
        for (int i = from; i < to; i++) {
            String host = "h" + i % 4;
            lines.append("cpu,host=%s idle=%d.25,used=%di,up=%s,note=\"n %d\" %d000000000\n"
                    .formatted(host, i % 100, i, i % 3 == 0, i % 7, i));
            lines.append("gone,host=%s v=1 %d000000000\n".formatted(host, i));
            lines.append("kept v=%d %d000000000\n".formatted(i, i));
        }
        return lines.toString();
    }

    private static List<Path> files(Path root, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(root.resolve("db"))) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }
}
