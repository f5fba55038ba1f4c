package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.engine.SampleData;
import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.serve.RunningServer;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pipes of the documentation, with the real tools and processes of their own. */
class PipesIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @SuppressWarnings("NullAway.Init") // before all tests
    private static SluiceEngine engine;

    @TempDir
    static Path shared;

    private static SampleData sample = new SampleData(Path.of(""), Path.of(""), 0, 0);
    private static String host = "";

    @SuppressWarnings("NullAway.Init") // before all tests
    private static RunningServer server;

    @BeforeAll
    static void serve() {
        for (String tool : List.of("bash", "zstd", "gzip", "tar", "head")) {
            assumeTrue(
                    ToolRun.run(List.of("sh", "-c", "command -v " + tool), Map.of(), PATIENCE)
                                    .exitCode()
                            == 0,
                    tool + " is needed");
        }
        engine = SluiceEngine.create();
        sample = Objects.requireNonNull(engine.sampleData(shared, 3, 6_000_000).block(PATIENCE));
        server = Objects.requireNonNull(
                engine.serve(new ServeRequest(new ServerAddress("127.0.0.1", 0), sample.dataDir(), sample.metaDir()))
                        .block(PATIENCE));
        host = server.address().toString();
    }

    @AfterAll
    static void stop() {
        if (!host.isEmpty()) {
            server.stop().block(PATIENCE);
            engine.close();
        }
    }

    /** Runs a line of bash in which {@code sluice} is this one; the exit codes of a pipe are printed last. */
    private static ToolRun bash(Path directory, String line) {
        String java = "'%s' -Xmx64m -cp '%s' dev.sluice.cli.Main"
                .formatted(
                        Path.of(System.getProperty("java.home"), "bin", "java"), System.getProperty("java.class.path"));
        return ToolRun.run(
                List.of(
                        "bash",
                        "-c",
                        "cd '%s'; sluice() { %s \"$@\"; }; %s; echo \"exit ${PIPESTATUS[@]}\""
                                .formatted(directory, java, line)),
                Map.of(),
                PATIENCE);
    }

    private static void same(Path unpacked) throws IOException {
        try (Stream<Path> files = Files.walk(sample.dataDir())) {
            for (Path file : files.filter(f -> f.toString().endsWith(".tsm")).toList()) {
                assertThat(unpacked.resolve("data").resolve(sample.dataDir().relativize(file)))
                        .hasSameBinaryContentAs(file);
            }
        }
        assertThat(unpacked.resolve("meta/meta.db"))
                .hasSameBinaryContentAs(sample.metaDir().resolve("meta.db"));
    }

    @Test
    void zstdAndTarUnpackIt(@TempDir Path home) throws IOException {
        ToolRun run = bash(home, "sluice backup --quiet -host %s - | zstd -d | tar xf -".formatted(host));

        assertThat(run.output()).as(run.toString()).contains("exit 0 0 0");
        same(home);
    }

    @Test
    void gzipAndTarUnpackIt(@TempDir Path home) throws IOException {
        ToolRun run =
                bash(home, "sluice backup --quiet -host %s --compression gzip - | gzip -d | tar xf -".formatted(host));

        assertThat(run.output()).as(run.toString()).contains("exit 0 0 0");
        same(home);
    }

    @Test
    void aStreamBecomesTheSameLinesAsItsServer(@TempDir Path home) {
        ToolRun run = bash(
                home,
                "sluice backup --quiet -host %1$s - | sluice export --quiet --from - --merge-fields -lponly -out stream.lp;"
                                .formatted(host)
                        + " sluice export --quiet --from %s --merge-fields -lponly -out - > live.lp".formatted(host));

        assertThat(run.output()).as(run.toString()).contains("exit 0");
        // A stream has its shards in the order in which they came.
        assertThat(home.resolve("stream.lp")).isNotEmptyFile();
        assertThat(sortedLines(home.resolve("stream.lp"))).isEqualTo(sortedLines(home.resolve("live.lp")));
    }

    private static String sortedLines(Path file) {
        return ToolRun.run(List.of("sh", "-c", "LC_ALL=C sort '%s' | cksum".formatted(file)), Map.of(), PATIENCE)
                .output();
    }

    @Test
    void aReaderThatGoesAwayEndsItWithALine(@TempDir Path home) {
        ToolRun run = bash(
                home,
                "sluice backup --quiet -host %s --compression none - 2>err | head -c 1000 >/dev/null".formatted(host));

        assertThat(run.output()).as(run.toString()).contains("exit 1 0");
        assertThat(home.resolve("err")).content().contains("cannot write to stdout: Broken pipe");
    }

    @Test
    void aReaderThatGoesAwayEndsTheConversationsWithTheServer(@TempDir Path home) {
        ShardRef flowing = new ShardRef("db", "rp", 1);
        ShardRef silent = new ShardRef("db", "rp", 2);
        try (var scripted = ScriptedServer.byRequest(request -> switch (request.type()) {
            case 1 -> Script.answer(Answers.metastore(Answers.metadata(flowing, silent)));
            case 0 ->
                request.field("ShardID").equals("1")
                        ? Script.answer(Answers.shard(flowing, 1, 30, 1_000_000))
                        : Script.hangAfter(Answers.shard(silent, 2, 1, 100_000), 50_000);
            default -> Script.answer(Answers.pathList(flowing, silent));
        })) {
            ToolRun run = bash(
                    home,
                    "sluice backup --quiet -host %s --compression none - 2>err | head -c 1000 >/dev/null"
                            .formatted(scripted.address()));

            assertThat(run.output()).as(run.toString()).contains("exit 1 0");
            assertThat(home.resolve("err")).content().contains("cannot write to stdout: Broken pipe");
            scripted.conversations().forEach(ScriptedServer.Conversation::awaitEnd);
            long shards = scripted.requests().stream()
                    .filter(request -> request.type() == 0)
                    .count();
            assertThat(shards).isPositive();
            assertThat(scripted.conversations().stream().filter(ScriptedServer.Conversation::isClientGone))
                    .as("those of shards, which the client ended")
                    .hasSize((int) shards);
        }
    }

    @Test
    void whatAnotherToolCompressedIsReadAndChecked(@TempDir Path home) {
        ToolRun run = bash(
                home,
                "sluice backup --quiet -host %s --compression none - | zstd -q | sluice verify -".formatted(host));

        assertThat(run.output())
                .as(run.toString())
                .contains("exit 0 0 0")
                .contains("Verification of stdin complete: %d shards checked.".formatted(sample.shards()));
    }

    @Test
    void aCutStreamIsDamageAndWhatIsWholeInItCanBeTaken(@TempDir Path home) {
        ToolRun cut = bash(
                home,
                "sluice backup --quiet -host %s - > whole; head -c 2000000 whole > cut; sluice verify - < cut"
                        .formatted(host));
        ToolRun part = bash(home, "sluice copy --quiet --allow-incomplete - part < cut");
        ToolRun whole = bash(home, "sluice copy --quiet - portable < whole");
        ToolRun listed = bash(home, "sluice list portable");

        assertThat(cut.output()).as(cut.toString()).contains("exit 4");
        assertThat(part.output()).as(part.toString()).contains("exit 3").contains("missing");
        assertThat(whole.output()).as(whole.toString()).contains("exit 0");
        assertThat(listed.output())
                .as(listed.toString())
                .contains("exit 0")
                .contains("%d shards, complete".formatted(sample.shards()));
    }
}
