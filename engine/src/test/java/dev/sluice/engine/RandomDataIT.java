package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.testkit.RandomData;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What nobody thought of, by every way to a server of its own: the answers have to be those of the first server. Another
 * {@code -Dsluice.seed} makes other data; a failure names its own.
 */
@RequiresInfluxd
class RandomDataIT {

    private static final long SEED = Long.getLong("sluice.seed", 20_260_105);
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final List<String> CODECS = List.of("gzip", "gzip:0", "gzip:9", "zstd", "zstd:3", "none");

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void everyWayBringsTheSameAnswers(Binary binary) {
        var data = new RandomData(SEED);
        try (var server = RealInfluxd.started(binary)) {
            var live = new End.Live(server.rpcAddress());
            data.live(server, 16);
            compare(binary, data, data.answers(server), "portable, to a server", second -> {
                var kept = new End.Portable(temp.resolve("one"));
                copied(live, kept, data.pick(CODECS));
                copied(kept, new End.Live(second.rpcAddress()), "none");
            });
            data.live(server, 2);
            compare(binary, data, data.answers(server), "portable, legacy, to directories", second -> {
                var kept = new End.Portable(temp.resolve("two"));
                var old = new End.Legacy(temp.resolve("old"));
                copied(live, kept, data.pick(CODECS));
                copied(kept, old, "none");
                second.stop();
                copied(old, directories(second), "none");
                second.start();
            });
            data.live(server, 2);
            Map<String, List<String>> answers = data.answers(server);
            compare(
                    binary,
                    data,
                    answers,
                    "from server to server",
                    second -> copied(live, new End.Live(second.rpcAddress()), "none"));
            data.live(server, 2);
            Map<String, List<String>> last = data.answers(server);
            server.kill(); // what came since is in the log alone
            var left = directories(server);
            compare(
                    binary,
                    data,
                    last,
                    "from directories to a server",
                    second -> copied(left, new End.Live(second.rpcAddress()), "none"));
            compare(binary, data, last, "as lines", second -> linesOf(left, second));
        }
    }

    private static void compare(
            Binary binary, RandomData data, Map<String, List<String>> answers, String way, Consumer<RealInfluxd> copy) {
        assertThat(answers).isNotEmpty();
        try (var second = RealInfluxd.started(binary)) {
            copy.accept(second);
            assertThat(data.answers(second)).as("%s, seed %d", way, SEED).isEqualTo(answers);
            second.stop();
            second.start();
            assertThat(data.answers(second))
                    .as("%s, seed %d, after a restart", way, SEED)
                    .isEqualTo(answers);
        }
    }

    private void linesOf(End from, RealInfluxd to) {
        Path lines = temp.resolve("lines.lp");
        var exported = Objects.requireNonNull(
                engine.export(ExportRequest.of(from, lines).mergeFields(true).build())
                        .ofType(TransferEvent.Exported.class)
                        .blockLast(PATIENCE));
        assertThat(exported.report().complete()).as("seed %d", SEED).isTrue();
        var endpoint =
                HttpEndpoint.plain(to.httpAddress().host(), to.httpAddress().port());
        var imported = Objects.requireNonNull(engine.importLines(
                        ImportRequest.of(lines, endpoint).batchLines(100).build())
                .ofType(TransferEvent.Imported.class)
                .blockLast(PATIENCE));
        assertThat(imported.report().complete())
                .as("seed %d: %s", SEED, imported.report().examples())
                .isTrue();
    }

    private void copied(End from, End to, String codec) {
        CopyReport report = Objects.requireNonNull(engine.copy(CopyRequest.of(from, to)
                        .compression(Compression.parse(codec))
                        .build())
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE));
        assertThat(report.complete()).as("seed %d: %s", SEED, report).isTrue();
    }

    private static End.Data directories(RealInfluxd server) {
        return new End.Data(server.dataDir(), Optional.of(server.metaDir()), Optional.of(server.walDir()));
    }
}
