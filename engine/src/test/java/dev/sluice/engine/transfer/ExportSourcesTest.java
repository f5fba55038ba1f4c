package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.ExportRequest;
import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.serve.RunningServer;
import dev.sluice.engine.testkit.Fixtures;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;

/** Exports of whatever there is to export from: the text is the same, whichever way the points came. */
class ExportSourcesTest {

    private static final String VERSIONS = "dev.sluice.engine.testkit.Fixtures#versions";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final SluiceEngine engine = SluiceEngine.builder().parallelism(2).build();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    private ExportReport export(End from, Path out, UnaryOperator<ExportRequest.Builder> with) {
        var request = with.apply(ExportRequest.of(from, out).scratch(temp.resolve("scratch")));
        ExportReport report = engine.export(request.build())
                .ofType(TransferEvent.Exported.class)
                .map(TransferEvent.Exported::report)
                .blockLast(PATIENCE);
        return Objects.requireNonNull(report);
    }

    /** What is no comment and no statement, each with the policy that it is for, in order. */
    private static List<String> points(Stream<String> lines) {
        String[] policy = {""};
        return lines.mapMulti((String line, java.util.function.Consumer<String> to) -> {
                    if (line.startsWith("# CONTEXT-RETENTION-POLICY:")) {
                        policy[0] = line.substring(line.indexOf(':') + 1);
                    } else if (!line.startsWith("#") && !line.startsWith("CREATE ")) {
                        to.accept(policy[0] + " " + line);
                    }
                })
                .sorted()
                .toList();
    }

    private static List<String> points(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            return points(lines);
        }
    }

    private static List<String> golden(String version) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(Fixtures.backup(version, "export/db.lp.gz")))) {
            return points(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1).lines());
        }
    }

    /** Between TSM files the original has no order that a backup keeps: so all lines count, but not where they stand. */
    @ParameterizedTest
    @MethodSource(VERSIONS)
    void everyLineOfABackupIsWhatTheOriginalExports(String version) throws IOException {
        List<String> golden = golden(version);
        for (End from : List.of(
                new End.Portable(Fixtures.backup(version, "portable-deletes")),
                new End.Legacy(Fixtures.backup(version, "legacy-deletes")))) {
            Path out = temp.resolve("out.lp");

            ExportReport report = export(from, out, r -> r.database("telemetry"));

            assertThat(report.complete()).as("%s", report).isTrue();
            List<String> ours = points(out);
            assertThat(ours).as("%s", from).hasSameSizeAs(golden);
            assertThat(ours.equals(golden)).as("the same lines from %s", from).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void aWindowOfABackupIsWhatTheOriginalExports(String version) throws IOException {
        Path out = temp.resolve("out.lp");

        export(
                new End.Portable(Fixtures.backup(version, "portable-deletes")),
                out,
                r -> r.database("telemetry")
                        .policy("autogen")
                        .pointsOnly(true)
                        .times(nanos("2026-01-01T00:00:00Z"), nanos("2026-01-01T00:10:00Z")));

        assertThat(points(out)).isNotEmpty().isEqualTo(points(Fixtures.backup(version, "export/range.lp")));
    }

    private static long nanos(String time) {
        return Instant.parse(time).getEpochSecond() * 1_000_000_000;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aServerGivesTheSameTextAsItsDirectories(boolean merged) throws IOException {
        var sample =
                Objects.requireNonNull(engine.sampleData(Files.createDirectories(temp.resolve("sample")), 5, 1_500_000)
                        .block(PATIENCE));
        var nobody = new ServerAddress("127.0.0.1", 0);
        RunningServer server =
                Objects.requireNonNull(engine.serve(new ServeRequest(nobody, sample.dataDir(), sample.metaDir()))
                        .block(PATIENCE));
        Path live = temp.resolve("live.lp");
        Path still = temp.resolve("still.lp");
        try {
            assertThat(export(new End.Live(server.address()), live, r -> r.mergeFields(merged))
                            .complete())
                    .isTrue();
        } finally {
            server.stop().block(PATIENCE);
        }
        Path wal = Files.createDirectories(temp.resolve("sample/wal"));
        export(
                new End.Data(sample.dataDir(), Optional.of(sample.metaDir()), Optional.of(wal)),
                still,
                r -> r.mergeFields(merged));

        assertThat(Files.size(live)).isGreaterThan(100_000);
        assertThat(live).hasSameTextualContentAs(still);
    }

    /** Sources of both kinds, all ways of the text; a leak fails the run of the tests. */
    @Test
    void aCancelAtAnyTimeLeavesNothingHalfUnderAFinalName() throws Exception {
        var sample =
                Objects.requireNonNull(engine.sampleData(Files.createDirectories(temp.resolve("sample")), 6, 1_500_000)
                        .block(PATIENCE));
        Path wal = Files.createDirectories(temp.resolve("sample/wal"));
        End directories = new End.Data(sample.dataDir(), Optional.of(sample.metaDir()), Optional.of(wal));
        End backup = new End.Portable(Fixtures.backup("1.8.10", "portable-all"));
        List<Compression> ways = List.of(Compression.NONE, Compression.GZIP, Compression.ZSTD);
        Path outbox = Files.createDirectories(temp.resolve("outbox"));
        Path scratch = Files.createDirectories(temp.resolve("scratch"));
        int cancelled = 0;
        for (int seed = 0; seed < 60; seed++) {
            var random = new Random(seed);
            End from = random.nextBoolean() ? directories : backup;
            Compression way = ways.get(random.nextInt(ways.size()));
            boolean merged = random.nextBoolean();
            Path out = outbox.resolve("out.lp");
            var request = ExportRequest.of(from, out)
                    .scratch(scratch)
                    .mergeFields(merged)
                    .compression(way)
                    .build();
            var over = new CountDownLatch(1);
            Disposable run =
                    engine.export(request).doFinally(signal -> over.countDown()).subscribe(event -> {}, error -> {});
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(60_000)));
            run.dispose();
            assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
            awaitNothingPendingIn(outbox, scratch);
            if (Files.exists(out)) {
                Path whole = temp.resolve("whole");
                export(from, whole, r -> r.mergeFields(merged).compression(way));
                assertThat(out).as("seed %d", seed).hasSameBinaryContentAs(whole);
                Files.delete(out);
            } else {
                cancelled++;
            }
        }
        assertThat(cancelled).as("runs that were cancelled before their end").isPositive();
    }

    private static void awaitNothingPendingIn(Path outbox, Path scratch) throws IOException {
        List<String> left = List.of();
        for (int i = 0; i < 1_000; i++) {
            left = Stream.concat(Fixtures.names(outbox).stream(), Fixtures.names(scratch).stream())
                    .filter(name -> !name.equals("out.lp"))
                    .toList();
            if (left.isEmpty()) {
                return;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
        assertThat(left).as("what a cancelled export leaves behind").isEmpty();
    }
}
