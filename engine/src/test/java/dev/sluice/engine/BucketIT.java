package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.End;
import dev.sluice.engine.testkit.RealInflux2;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Imports into buckets of a real InfluxDB 2.x, where one is named. */
@EnabledIfEnvironmentVariable(named = RealInflux2.ENVIRONMENT, matches = ".+")
@SuppressWarnings("NullAway.Init") // the server is there before each test
class BucketIT {

    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final String HEAD = "# DML\n# CONTEXT-DATABASE:%s\n# CONTEXT-RETENTION-POLICY:rp\n";

    private static RealInflux2 server;

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @BeforeAll
    static void start() throws IOException {
        server = new RealInflux2();
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @RequiresInfluxd
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void whatAServerOf1Holds(Binary binary) throws IOException {
        // A bucket's name has no quotes.
        List<SampleLines.Policy> policies = SampleLines.POLICIES.stream()
                .filter(policy -> !policy.database().contains("\""))
                .toList();
        String suffix = "-" + binary.version() + binary.index().orElse("");
        try (var source = RealInfluxd.started(binary)) {
            SampleLines.fill(source, 5);
            policies.forEach(policy -> server.createBucket(policy.database() + suffix + "/" + policy.name()));
            for (String database : List.of("telemetry", "edge.site-7")) {
                Path file = temp.resolve(database + ".lp");
                engine.export(ExportRequest.of(new End.Live(source.rpcAddress()), file)
                                .database(database)
                                .mergeFields(true)
                                .scratch(temp.resolve("scratch"))
                                .build())
                        .blockLast(PATIENCE);

                ImportReport report = imported(file, r -> r.bucket(RealInflux2.ORG, "{db}" + suffix + "/{rp}"));

                assertThat(report.complete()).as("%s", report.examples()).isTrue();
            }
            for (SampleLines.Policy policy : policies) {
                assertThat(SampleLines.answers(server, policy.database() + suffix, policy.name()))
                        .as("%s", policy)
                        .isNotEmpty()
                        .isEqualTo(SampleLines.answers(source, policy.database(), policy.name()));
            }
        }
    }

    @Test
    void badPointsAreFoundAmongGoodOnes() throws IOException {
        server.createBucket("bad/rp");
        Path rejects = temp.resolve("rejects.lp");
        var text = new StringBuilder(HEAD.formatted("bad"));
        for (int i = 0; i < 3000; i++) {
            text.append("n,t=%d v=%d %d\n".formatted(i % 9, i, SampleLines.START + i * 1_000_000_000L));
        }
        String conflict = "n,t=1 v=true " + (SampleLines.START + 1) + '\n'; // another type than it has in this shard
        text.append(conflict);
        text.append("n v= 5\n");
        text.append("m v=7 9\n");

        ImportReport report = imported(
                Files.writeString(temp.resolve("in.lp"), text), r -> bucket(r).rejects(rejects));

        assertThat(report.written()).isEqualTo(3001);
        assertThat(report.rejected()).isEqualTo(2);
        assertThat(Files.readString(rejects)).contains(conflict, "n v= 5\n").doesNotContain("m v=7");
        assertThat(server.rows("SELECT count(v) FROM rp.n", "bad"))
                .singleElement()
                .asString()
                .endsWith("count=3000");
        assertThat(server.rows("SELECT v FROM rp.m", "bad"))
                .singleElement()
                .asString()
                .endsWith("v=7");
    }

    @Test
    void pointsThatTheBucketKeepsNoLongerAreRejected() throws IOException {
        server.createBucket("short/rp", "{\"type\":\"expire\",\"everySeconds\":86400}");
        long now = Instant.now().toEpochMilli() * 1_000_000;
        String text = HEAD.formatted("short") + "m v=1 1000\nm v=2 " + now + "\n";

        ImportReport report = imported(Files.writeString(temp.resolve("in.lp"), text), BucketIT::bucket);

        assertThat(report.written()).isOne();
        assertThat(report.rejected()).isOne();
        assertThat(report.examples().get(0).reason()).contains("retention policy");
    }

    @Test
    void aBucketThatIsNotThereEndsTheImport() throws IOException {
        Path file = Files.writeString(temp.resolve("in.lp"), HEAD.formatted("nowhere") + "m v=1 1\n");

        assertThatThrownBy(() -> imported(file, BucketIT::bucket)).isInstanceOfSatisfying(HttpRefused.class, e -> {
            assertThat(e).hasMessageContainingAll("nowhere/rp", "not found");
            assertThat(e.hint()).contains("Create the bucket");
        });
    }

    @Test
    void anotherTokenEndsTheImport() throws IOException {
        Path file = Files.writeString(temp.resolve("in.lp"), HEAD.formatted("nowhere") + "m v=1 1\n");

        assertThatThrownBy(() -> imported(file, r -> bucket(r).credentials(new Credentials.Token("another"))))
                .isInstanceOfSatisfying(HttpRefused.class, e -> {
                    assertThat(e.status()).isEqualTo(401);
                    assertThat(e.hint()).contains("token");
                });
    }

    private static ImportRequest.Builder bucket(ImportRequest.Builder request) {
        return request.bucket(RealInflux2.ORG, "{db}/{rp}");
    }

    private ImportReport imported(Path file, UnaryOperator<ImportRequest.Builder> with) {
        ImportRequest.Builder request = ImportRequest.of(file, server.endpoint())
                .credentials(new Credentials.Token(RealInflux2.TOKEN))
                .retries(1);
        return Objects.requireNonNull(engine.importLines(with.apply(request).build())
                .ofType(TransferEvent.Imported.class)
                .map(TransferEvent.Imported::report)
                .blockLast(PATIENCE));
    }
}
