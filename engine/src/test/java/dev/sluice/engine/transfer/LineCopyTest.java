package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.ExportRequest;
import dev.sluice.engine.LineCopyRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.testkit.FakeInflux;
import dev.sluice.engine.testkit.Fixtures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.Disposable;
import reactor.test.StepVerifier;

/** Points of a backup written into a server over HTTP, through no file. */
class LineCopyTest {

    private static final String VERSIONS = "dev.sluice.engine.testkit.Fixtures#versions";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final SluiceEngine engine = SluiceEngine.builder().parallelism(2).build();
    private final FakeInflux server = new FakeInflux();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    private LineCopyRequest request(End from, UnaryOperator<CopyRequest.Builder> with) {
        var copy = CopyRequest.of(from, new End.Http(server.endpoint())).scratch(temp.resolve("scratch"));
        return LineCopyRequest.of(with.apply(copy).build(), HttpAccess.anonymous(server.endpoint()));
    }

    private TransferEvent.Copied copied(LineCopyRequest request) {
        return Objects.requireNonNull(
                engine.copyLines(request).ofType(TransferEvent.Copied.class).blockLast(PATIENCE));
    }

    private static Selection telemetry(Optional<TimeRange> time) {
        return new Selection(
                Optional.of("telemetry"), Optional.of("autogen"), Optional.empty(), time, Optional.empty());
    }

    /** What an export with merged fields has, which the golden exports of the original vouch for. */
    private List<String> exported(End from, UnaryOperator<ExportRequest.Builder> with) throws IOException {
        Path file = temp.resolve("out.lp");
        engine.export(with.apply(ExportRequest.of(from, file)
                                .database("telemetry")
                                .policy("autogen")
                                .mergeFields(true)
                                .pointsOnly(true)
                                .scratch(temp.resolve("scratch")))
                        .build())
                .blockLast(PATIENCE);
        try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            return lines.sorted().toList();
        }
    }

    private List<String> arrived(String place) {
        return server.lines().stream()
                .filter(line -> line.startsWith(place + " "))
                .map(line -> line.substring(place.length() + 1))
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void everyPointThatIsNotDeletedArrives(String version) throws IOException {
        for (End from : List.of(
                new End.Portable(Fixtures.backup(version, "portable-deletes")),
                new End.Legacy(Fixtures.backup(version, "legacy-deletes")))) {
            server.writes().clear();

            TransferEvent.Copied copied = copied(request(from, r -> r.selection(telemetry(Optional.empty()))));

            List<String> wanted = exported(from, r -> r);
            assertThat(wanted).isNotEmpty();
            assertThat(arrived("telemetry/autogen").equals(wanted))
                    .as("the same lines")
                    .isTrue();
            assertThat(copied.read().complete()).isTrue();
            assertThat(copied.read().lines()).isEqualTo(wanted.size());
            assertThat(copied.written().written()).isEqualTo(wanted.size());
            assertThat(copied.written().complete()).isTrue();
        }
        assertThat(temp.resolve("scratch"))
                .satisfiesAnyOf(
                        scratch -> assertThat(scratch).doesNotExist(),
                        scratch -> assertThat(scratch).isEmptyDirectory());
    }

    @Test
    void aSpanOfTimeIsTakenToThePoint() throws IOException {
        var from = new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"));
        var span = new TimeRange(Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-01-01T00:10:00Z"));

        copied(request(from, r -> r.selection(telemetry(Optional.of(span)))));

        assertThat(arrived("telemetry/autogen"))
                .isNotEmpty()
                .isEqualTo(exported(
                        from,
                        r -> r.times(
                                span.start().getEpochSecond() * 1_000_000_000L,
                                span.end().getEpochSecond() * 1_000_000_000L)));
    }

    @Test
    void newNamesStandInStatementsAndWrites() throws IOException {
        var from = new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"));
        var names = new Mapping(Optional.of("there"), Optional.of("long one"));

        copied(request(from, r -> r.selection(telemetry(Optional.empty())).mapping(names)));

        assertThat(arrived("there/long one")).hasSameSizeAs(exported(from, r -> r));
        assertThat(server.writes()).allMatch(write -> write.database().equals("there"));
        assertThat(server.statements())
                .as("the default policy is made first, so that no other one becomes it")
                .containsExactly(
                        "CREATE DATABASE there WITH DURATION 0s REPLICATION 1 SHARD DURATION 2592000s NAME \"raw data\"",
                        "CREATE RETENTION POLICY \"long one\" ON there DURATION 0s REPLICATION 1 SHARD DURATION 604800s");
    }

    @Test
    void whatTheServerDoesNotTakeIsKeptAndCounted() throws IOException {
        var from = new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"));
        int all = exported(from, r -> r).size();
        Path rejects = temp.resolve("rejects.lp");
        server.onWrite(write -> FakeInflux.Answer.of(
                400,
                "{\"error\":\"partial write: beyond dropped=" + write.lines().size() + "\"}"));

        TransferEvent.Copied copied = copied(
                request(from, r -> r.selection(telemetry(Optional.empty()))).withRejects(rejects));

        assertThat(copied.written().written()).isZero();
        assertThat(copied.written().rejected()).isEqualTo(all);
        assertThat(copied.written().complete()).isFalse();
        assertThat(Files.readString(rejects, StandardCharsets.ISO_8859_1)).contains("beyond");
    }

    @Test
    void aServerThatRefusesEndsTheCopyAndFreesTheScratch() {
        server.onWrite(write -> FakeInflux.Answer.of(403, "{\"error\":\"not authorized\"}"));
        var from = new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"));

        engine.copyLines(request(from, r -> r.selection(telemetry(Optional.empty()))))
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectError(HttpRefused.class)
                .verify(PATIENCE);

        assertThat(temp.resolve("scratch"))
                .satisfiesAnyOf(
                        scratch -> assertThat(scratch).doesNotExist(),
                        scratch -> assertThat(scratch).isEmptyDirectory());
    }

    @Test
    void aCancelAtAnyMomentEndsTheRequestsAndFreesTheScratch() throws Exception {
        var from = new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"));
        var random = new Random(6);
        for (int round = 0; round < 20; round++) {
            boolean held = round % 2 == 0; // by a server that does not answer
            var arrived = new CountDownLatch(1);
            server.slow(write -> {
                arrived.countDown();
                return held ? Duration.ofMinutes(10) : Duration.ZERO;
            });

            Disposable run = engine.copyLines(request(from, r -> r.selection(telemetry(Optional.empty()))))
                    .subscribe();
            if (held) {
                assertThat(arrived.await(30, TimeUnit.SECONDS)).isTrue();
            } else {
                Thread.sleep(random.nextInt(40));
            }
            run.dispose();

            await("requests under way", () -> server.underWay() == 0);
            await("files in the scratch directory", this::scratchIsEmpty);
        }
    }

    private boolean scratchIsEmpty() throws IOException {
        Path scratch = temp.resolve("scratch");
        if (!Files.exists(scratch)) {
            return true;
        }
        try (Stream<Path> files = Files.list(scratch)) {
            return files.findAny().isEmpty();
        }
    }

    private static void await(String what, Callable<Boolean> gone) throws Exception {
        for (long until = System.nanoTime() + PATIENCE.toNanos(); !gone.call(); ) {
            assertThat(System.nanoTime()).as("there are still " + what).isLessThan(until);
            Thread.sleep(2);
        }
    }

    @Test
    void shardsCannotBeCopiedOverHttp() {
        var from = new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"));

        engine.copy(CopyRequest.of(from, new End.Http(server.endpoint())).build())
                .as(StepVerifier::create)
                .expectError(InvalidRequest.class)
                .verify(PATIENCE);
    }
}
