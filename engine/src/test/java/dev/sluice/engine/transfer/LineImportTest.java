package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import dev.sluice.engine.ImportRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.error.HttpUnreachable;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.testkit.FakeInflux;
import dev.sluice.engine.testkit.FakeInflux.Answer;
import dev.sluice.engine.testkit.FakeInflux.Write;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.test.StepVerifier;

/** Imports into a stand-in for the server; the whole way with a real one is in {@code TransferIT}. */
class LineImportTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String HEAD = "# DML\n# CONTEXT-DATABASE:db\n# CONTEXT-RETENTION-POLICY:rp\n";

    /** The three bytes, as ISO 8859-1. */
    private static final String MARK = "\u00ef\u00bb\u00bf";

    private final FakeInflux server = new FakeInflux();
    private final SluiceEngine engine = SluiceEngine.builder().parallelism(2).build();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    private ImportReport imported(String text) throws IOException {
        return imported(text, request -> request);
    }

    private ImportReport imported(String text, UnaryOperator<ImportRequest.Builder> with) throws IOException {
        return imported(file("in.lp", text), with);
    }

    private ImportReport imported(Path path, UnaryOperator<ImportRequest.Builder> with) {
        ImportReport report = engine.importLines(request(path, with))
                .ofType(TransferEvent.Imported.class)
                .map(TransferEvent.Imported::report)
                .blockLast(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }

    private void fails(String text, UnaryOperator<ImportRequest.Builder> with, Class<?> type, String... words)
            throws IOException {
        fails(file("in.lp", text), with, type, words);
    }

    private void fails(Path path, UnaryOperator<ImportRequest.Builder> with, Class<?> type, String... words) {
        engine.importLines(request(path, with))
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectErrorSatisfies(e -> assertThat(e).isInstanceOf(type).hasMessageContainingAll(words))
                .verify(PATIENCE);
    }

    private ImportRequest request(Path path, UnaryOperator<ImportRequest.Builder> with) {
        return with.apply(ImportRequest.of(path, server.endpoint())).build();
    }

    private Path file(String name, String text) throws IOException {
        return Files.write(temp.resolve(name), text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String points(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "m,t=%d v=%d %d\n".formatted(i % 7, i, 1_600_000_000_000_000_000L + i * 10_000_000_000L))
                .collect(Collectors.joining());
    }

    @Test
    void executesStatementsThenWritesPointsWhereTheContextSays() throws IOException {
        ImportReport report = imported("""
                # INFLUXDB EXPORT: 1677-09-21T00:12:43Z - 2262-04-11T23:47:16Z
                # DDL
                CREATE DATABASE one WITH NAME autogen

                # a comment
                CREATE RETENTION POLICY "raw data" ON one DURATION 0s REPLICATION 1
                # DML
                # CONTEXT-DATABASE:one
                # CONTEXT-RETENTION-POLICY:autogen
                # writing tsm data
                a v=1 1
                b v=2 2
                # CONTEXT-DATABASE:one
                # CONTEXT-RETENTION-POLICY:raw data
                c v=3 3
                """);

        assertThat(server.statements())
                .containsExactly(
                        "CREATE DATABASE one WITH NAME autogen",
                        "CREATE RETENTION POLICY \"raw data\" ON one DURATION 0s REPLICATION 1");
        assertThat(server.lines())
                .containsExactlyInAnyOrder("one/autogen a v=1 1", "one/autogen b v=2 2", "one/raw data c v=3 3");
        assertThat(report.written()).isEqualTo(3);
        assertThat(report.statements()).isEqualTo(2);
        assertThat(report.complete()).isTrue();
    }

    @Test
    void originalDropsALastLineWithoutANewline() throws IOException {
        assertThat(imported(HEAD + "a v=1 1\nb v=2 2").written()).isEqualTo(2);
        assertThat(server.lines()).contains("db/rp b v=2 2");
    }

    @Test
    void originalImportsNothingOfAFileWithoutStatements() throws IOException {
        assertThat(imported("a v=1 1\nCREATE v=2 2\n", r -> r.database("db")).written())
                .isEqualTo(2);
        assertThat(server.statements()).isEmpty();
        assertThat(server.lines()).containsExactlyInAnyOrder("db/ a v=1 1", "db/ CREATE v=2 2");
    }

    @Test
    void statementsWithoutAHeadingAreExecuted() throws IOException {
        imported("CREATE DATABASE db\n" + HEAD + "a v=1 1\n");

        assertThat(server.statements()).containsExactly("CREATE DATABASE db");
        assertThat(server.lines()).containsExactly("db/rp a v=1 1");
    }

    @Test
    void aFileWithoutContextAndDatabaseIsRefused() throws IOException {
        fails("a v=1 1\n", r -> r, InvalidRequest.class, "line 1", "CONTEXT-DATABASE");
        assertThat(server.writes()).isEmpty();
    }

    @Test
    void originalCutsNamesInContextLinesAtAColon() throws IOException {
        imported("""
                # DDL
                CREATE DATABASE " le:ad"
                # DML
                # CONTEXT-DATABASE: le:ad
                # CONTEXT-RETENTION-POLICY:a:b
                a v=1 1
                # CONTEXT-DATABASE: spaced
                b v=1 1
                """);

        assertThat(server.lines()).containsExactlyInAnyOrder(" le:ad/a:b a v=1 1", "spaced/ b v=1 1");
    }

    @Test
    void originalLosesBatchesAboveTheServersLimit() throws IOException {
        server.bodyLimit(2_000);

        ImportReport report = imported(HEAD + points(1000), r -> r.gzip(false));

        assertThat(report.written()).isEqualTo(1000);
        assertThat(server.points()).hasSize(1000);
    }

    @Test
    void aPointLargerThanTheServerTakesIsRejectedAlone() throws IOException {
        server.bodyLimit(2_000);

        ImportReport report =
                imported(HEAD + points(50) + "m s=\"" + "x".repeat(3000) + "\" 1\n" + points(60), r -> r.gzip(false));

        assertThat(report.rejected()).isOne();
        assertThat(report.written()).isEqualTo(110);
        assertThat(report.examples().get(0).line()).isEqualTo(54);
    }

    @Test
    void originalFailsFiveThousandPointsForOne() throws IOException {
        Path rejects = temp.resolve("rejects.lp");

        ImportReport report = imported(
                HEAD + points(2500) + "m v=CONFLICT 1\n" + points(2499) + "m v=BAD 2\n", r -> r.rejects(rejects));

        assertThat(report.written()).isEqualTo(4999);
        assertThat(report.rejected()).isEqualTo(2);
        assertThat(report.complete()).isFalse();
        assertThat(report.requests()).isLessThan(80);
        assertThat(report.rejects()).contains(rejects.toString());
        assertThat(Files.readString(rejects))
                .startsWith(
                        "# DML, names exactly as they stand\n# CONTEXT-DATABASE:db\n# CONTEXT-RETENTION-POLICY:rp\n")
                .contains("line 2504: ", "field type conflict", "\nm v=CONFLICT 1\n")
                .contains("line 5004: unable to parse: invalid number", "\nm v=BAD 2\n");
    }

    @Test
    void rejectsCanBeImportedOnceTheyAreMended() throws IOException {
        Path rejects = temp.resolve("rejects.lp");
        imported(HEAD + "m v=BAD 2\n", r -> r.rejects(rejects));
        Files.writeString(rejects, Files.readString(rejects).replace("m v=BAD", "m v=7"));

        assertThat(imported(rejects, r -> r).complete()).isTrue();

        assertThat(server.points()).containsEntry("db/rp m v@2", "7");
    }

    /** Without its blank a name may be that of another database. */
    @Test
    void rejectsGoBackWhereTheyCameFromWhateverBlanksTheNamesHave() throws IOException {
        Path rejects = temp.resolve("rejects.lp");
        imported("""
                # DDL
                CREATE DATABASE " db " WITH NAME "rp "
                # DML
                # CONTEXT-DATABASE: db\s
                # CONTEXT-RETENTION-POLICY:rp\s
                m v=BAD 2
                """, r -> r.rejects(rejects));
        imported("# DML\n# CONTEXT-DATABASE: db\nm v=BAD 3\n", r -> r.rejects(rejects));
        Files.writeString(
                rejects,
                Files.readString(rejects).replace("m v=BAD", "m v=7") + "# DML\n# CONTEXT-DATABASE: db \nm v=7 4\n");

        assertThat(imported(rejects, r -> r).complete()).isTrue();

        assertThat(server.points())
                .containsOnly(
                        Map.entry(" db /rp  m v@2", "7"), Map.entry("db/ m v@3", "7"), Map.entry("db/ m v@4", "7"));
    }

    /** Imports a text in two runs: the server goes in the middle of the first. */
    private ImportReport goneOnWithAfterAFailure(String text) throws IOException {
        Path progress = temp.resolve("progress.json");
        var done = new AtomicInteger();
        server.onWrite(write -> done.incrementAndGet() > 20 ? Answer.of(503, "down") : Answer.of(0, ""));
        UnaryOperator<ImportRequest.Builder> with =
                r -> r.batchLines(100).retries(0).progress(progress);

        fails(text, with, HttpRefused.class, "503");
        server.onWrite(write -> Answer.of(0, ""));
        return imported(text, r -> with.apply(r).resume(true));
    }

    /** The statements lie before the place where it goes on. */
    @Test
    void goesOnWithNamesAsTheStatementsHaveThem() throws IOException {
        String text = "# DDL\nCREATE DATABASE \" db\"\n" + HEAD + points(3000)
                + "# CONTEXT-DATABASE: db\n# CONTEXT-RETENTION-POLICY:rp\n" + points(1000);

        goneOnWithAfterAFailure(text);

        assertThat(server.points().keySet().stream()
                        .collect(Collectors.groupingBy(
                                point -> point.substring(0, point.indexOf('/')), Collectors.counting())))
                .containsOnly(Map.entry("db", 3000L), Map.entry(" db", 1000L));
    }

    @Test
    void allPointsRefusedForOneReasonCostOneRequest() throws IOException {
        String text = HEAD + "m v=CONFLICT 1\n".repeat(500);

        ImportReport report = imported(text, r -> r.concurrency(1));

        assertThat(report.rejected()).isEqualTo(500);
        assertThat(report.requests()).isOne();
    }

    @Test
    void pointsThatTheServerNamesAreNotSearchedFor() throws IOException {
        ImportReport report =
                imported(HEAD + points(100) + "m v=BAD 1\nm,x=y v=BAD 2\n" + points(100), r -> r.concurrency(1));

        assertThat(report.rejected()).isEqualTo(2);
        assertThat(report.requests()).isEqualTo(2);
    }

    @Test
    void originalCrashesWhenThePointsPerSecondAreFew() throws IOException {
        assertThat(imported(HEAD + points(12), r -> r.pointsPerSecond(10)).written())
                .isEqualTo(12);
        assertThat(server.writes()).allMatch(write -> write.lines().size() <= 10);
    }

    @Test
    void originalChangesNewlinesInStrings() throws IOException {
        imported(HEAD + "m s=\"a\n\n# x\n# CONTEXT-DATABASE:other\nb\" 1\r\nm s=\"\u00ff\u00fe\",t=\"x\\\"\n\" 2\r\n");

        assertThat(server.lines())
                .containsExactlyInAnyOrder(
                        "db/rp m s=\"a\n\n# x\n# CONTEXT-DATABASE:other\nb\" 1",
                        "db/rp m s=\"\u00ff\u00fe\",t=\"x\\\"\n\" 2");
    }

    @Test
    void originalRefusesLineEndsOfWindows() throws IOException {
        imported("# DDL\r\nCREATE DATABASE db\r\n" + HEAD.replace("\n", "\r\n") + "a v=1 1\r\n\r\nb v=2 2\r\n");

        assertThat(server.statements()).containsExactly("CREATE DATABASE db");
        assertThat(server.lines()).containsExactlyInAnyOrder("db/rp a v=1 1", "db/rp b v=2 2");
    }

    /** As some editors leave it. The original takes it for a part of the first line. */
    @ParameterizedTest
    @ValueSource(strings = {"plain", "gzip", "zstd"})
    void aByteOrderMarkIsNoPartOfTheText(String codec) throws IOException {
        byte[] text = (MARK + HEAD + "a v=1 1\nm v=BAD 2\n").getBytes(StandardCharsets.ISO_8859_1);
        var gzip = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(gzip)) {
            out.write(text);
        }
        Path file = Files.write(
                temp.resolve("in"),
                switch (codec) {
                    case "gzip" -> gzip.toByteArray();
                    case "zstd" -> Zstd.compress(text);
                    default -> text;
                });

        ImportReport report = imported(file, r -> r);

        assertThat(server.lines()).contains("db/rp a v=1 1");
        assertThat(report.examples())
                .singleElement()
                .satisfies(bad -> assertThat(bad.line()).isEqualTo(5));
    }

    @Test
    void aByteOrderMarkBeforeAPointIsNoPartOfItsMeasurement() throws IOException {
        imported(MARK + "a v=1 1\n", r -> r.database("db"));
        imported(MARK.substring(0, 2) + "b v=1 1\n", r -> r.database("db"));
        imported(MARK, r -> r.database("db"));
        imported("c v=1 1\n" + MARK + "d v=1 1\n", r -> r.database("db"));

        assertThat(server.lines())
                .containsExactlyInAnyOrder(
                        "db/ a v=1 1",
                        "db/ " + MARK.substring(0, 2) + "b v=1 1",
                        "db/ c v=1 1",
                        "db/ " + MARK + "d v=1 1");
    }

    @Test
    void goesOnWhereItWasInAFileWithAByteOrderMark() throws IOException {
        String text = MARK + HEAD + points(5000);

        ImportReport report = goneOnWithAfterAFailure(text);

        assertThat(server.points()).hasSize(5000);
        assertThat(report.rejected()).isZero();
    }

    @Test
    void originalMakesOnlyTheFirstOfSeveralPolicies() throws IOException {
        server.onStatement(
                statement -> statement.contains("WITH NAME \\\"one") || statement.endsWith("NAME \"one.week\"")
                        ? "retention policy conflicts with an existing policy"
                        : "");

        imported(
                "# DDL\nCREATE DATABASE t WITH NAME autogen\nCREATE DATABASE t WITH DURATION 1h SHARD DURATION 30m NAME \"one.week\"\n"
                        + HEAD + "a v=1 1\n");

        assertThat(server.statements())
                .last()
                .isEqualTo("CREATE RETENTION POLICY \"one.week\" ON t DURATION 1h REPLICATION 1 SHARD DURATION 30m");
    }

    @Test
    void whatExistsAlreadyIsAWarning() throws IOException {
        server.onStatement(statement -> "retention policy already exists");

        assertThat(imported("# DDL\nCREATE RETENTION POLICY p ON db DURATION 1h REPLICATION 1\n" + HEAD + "a v=1 1\n")
                        .warnings())
                .singleElement()
                .asString()
                .contains("line 2", "already exists");
    }

    @Test
    void aStatementThatFailsEndsTheImportBeforeAnyPoint() throws IOException {
        server.onStatement(statement -> "error authorizing query: no");

        fails("# DDL\nCREATE DATABASE db\n" + HEAD + "a v=1 1\n", r -> r, HttpRefused.class, "CREATE DATABASE db");
        assertThat(server.writes()).isEmpty();
    }

    /** As with the original: to write it takes less than to make databases. */
    @Test
    void aUserWhoMayOnlyWriteImportsIntoWhatIsThere() throws IOException {
        server.forbidsStatements(
                "error authorizing query: w not authorized to execute statement, requires admin privilege");

        ImportReport report = imported("# DDL\nCREATE DATABASE db\n" + HEAD + "a v=1 1\n");

        assertThat(report.written()).isOne();
        assertThat(report.complete()).isTrue();
        assertThat(report.warnings()).singleElement().asString().contains("line 2", "requires admin privilege");
    }

    @Test
    void triesAgainWhenTheServerIsBusyOrResets() throws IOException {
        var attempts = new AtomicInteger();
        server.onWrite(write -> switch (attempts.incrementAndGet()) {
            case 1 -> Answer.of(503, "{\"error\":\"timeout\"}");
            case 2 -> new Answer(429, "slow down", Map.of("Retry-After", "1"));
            case 3 -> Answer.of(500, "");
            default -> Answer.of(0, "");
        });

        ImportReport report = imported(HEAD + points(10), r -> r.concurrency(1));

        assertThat(report.written()).isEqualTo(10);
        assertThat(report.retries()).isEqualTo(3);
    }

    @Test
    void triesAStatementAgainToo() throws IOException {
        server.busyForStatements(2);

        ImportReport report = imported("# DDL\nCREATE DATABASE db\n" + HEAD + "a v=1 1\n");

        assertThat(report.written()).isOne();
        assertThat(report.retries()).isEqualTo(2);
        assertThat(report.statements()).isOne();
        assertThat(server.statements()).hasSize(3);
    }

    @Test
    void givesUpOnAStatementWhenRetriesAreUsedUp() throws IOException {
        server.busyForStatements(9);

        fails("# DDL\nCREATE DATABASE db\n" + HEAD + "a v=1 1\n", r -> r.retries(1), HttpRefused.class, "HTTP 503");

        assertThat(server.statements()).hasSize(2);
        assertThat(server.writes()).isEmpty();
    }

    @Test
    void givesUpWhenRetriesAreUsedUpAndCanGoOnFromThere() throws IOException {
        Path progress = temp.resolve("progress.json");
        String text = HEAD + points(5000);
        var done = new AtomicInteger();
        server.onWrite(write -> done.incrementAndGet() > 20 ? Answer.of(503, "down") : Answer.of(0, ""));
        UnaryOperator<ImportRequest.Builder> with =
                r -> r.batchLines(100).retries(0).progress(progress);

        fails(text, with, HttpRefused.class, "503");
        assertThat(Files.readString(progress)).contains("\"offset\"");
        int before = server.writes().stream().mapToInt(w -> w.lines().size()).sum();
        server.onWrite(write -> Answer.of(0, ""));
        ImportReport report = imported(text, r -> with.apply(r).resume(true));

        assertThat(server.points()).hasSize(5000);
        assertThat(report.written()).isBetween(5000L - before, 4999L);
        assertThat(progress).doesNotExist();
    }

    /** Not from where it was some time before: what the server has answered is not sent again. */
    @Test
    void goesOnFromWhereItWasStopped() throws Exception {
        Path progress = temp.resolve("progress.json");
        Path in = file("in.lp", HEAD + points(5000));
        UnaryOperator<ImportRequest.Builder> with =
                r -> r.concurrency(1).batchLines(100).progress(progress);
        var second = new CountDownLatch(2);
        server.slow(write -> {
            second.countDown();
            return second.getCount() > 0 ? Duration.ZERO : Duration.ofMinutes(10);
        });
        CompletableFuture<?> run = engine.importLines(request(in, with)).then().toFuture();
        assertThat(second.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

        engine.interrupt();

        assertThat(run).failsWithin(PATIENCE).withThrowableThat().withCauseInstanceOf(EngineClosed.class);
        server.slow(write -> Duration.ZERO);
        try (SluiceEngine another = SluiceEngine.create()) {
            ImportReport report = another.importLines(
                            request(in, r -> with.apply(r).resume(true)))
                    .ofType(TransferEvent.Imported.class)
                    .map(TransferEvent.Imported::report)
                    .blockLast(PATIENCE);
            assertThat(report).isNotNull();
            assertThat(report.written()).isEqualTo(4900);
        }
        assertThat(progress).doesNotExist();
    }

    @Test
    void whatWasRejectedBeforeAnInterruptionIsNotForgotten() throws IOException {
        Path progress = temp.resolve("progress.json");
        String text = HEAD + "bad v=x 1\n" + points(5000);
        server.onWrite(write -> server.writes().size() > 20 ? Answer.of(503, "down") : refusing("bad", write));
        fails(text, r -> r.batchLines(100).retries(0).progress(progress), HttpRefused.class, "503");

        server.onWrite(write -> Answer.of(0, ""));
        ImportReport report = imported(text, r -> r.progress(progress).resume(true));

        assertThat(report.rejected()).isZero();
        assertThat(report.rejectedBefore()).isOne();
        assertThat(report.complete()).isFalse();
    }

    @Test
    void aDirectoryTellsOfWhatWasRejectedBeforeAnInterruptionOnce() throws IOException {
        Files.createDirectory(temp.resolve("dir"));
        file("dir/1.lp", HEAD + "bad v=x 1\nm v=1 1\n");
        file("dir/2.lp", HEAD + "m v=2 2\n");
        server.onWrite(write -> write.lines().contains("m v=2 2") ? Answer.of(503, "down") : refusing("bad", write));
        fails(temp.resolve("dir"), r -> r.retries(0), HttpRefused.class, "503");

        server.onWrite(write -> Answer.of(0, ""));
        ImportReport second = imported(temp.resolve("dir"), r -> r);
        ImportReport third = imported(temp.resolve("dir"), r -> r);

        assertThat(second.rejected()).isZero();
        assertThat(second.rejectedBefore()).isOne();
        assertThat(third.complete()).isTrue();
    }

    private static Answer refusing(String measurement, Write write) {
        return write.lines().stream().anyMatch(line -> line.startsWith(measurement + " "))
                ? Answer.of(400, "unable to parse: bad number")
                : Answer.of(0, "");
    }

    @Test
    void doesNotResumeAnotherFile() throws IOException {
        Path progress = temp.resolve("progress.json");
        server.onWrite(write -> server.writes().size() > 8 ? Answer.of(503, "down") : Answer.of(0, ""));
        fails(HEAD + points(5000), r -> r.batchLines(100).retries(0).progress(progress), HttpRefused.class, "503");

        fails(
                HEAD + "other v=1 1\n",
                r -> r.progress(progress).resume(true),
                InvalidRequest.class,
                "not the one whose import was interrupted");
    }

    @Test
    void nobodyThereEndsAfterTheRetries() throws IOException {
        server.close();

        fails(HEAD + "a v=1 1\n", r -> r.retries(1), HttpUnreachable.class, "refused");
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 404})
    void whatNoPointWouldPassEndsTheImport(int status) throws IOException {
        server.onWrite(write -> Answer.of(status, "{\"error\":\"database not found: \\\"db\\\"\"}"));

        fails(HEAD + points(5000), r -> r, HttpRefused.class, "database not found", "HTTP " + status);
    }

    @Test
    void refusesAnotherPrecisionForAnExport() throws IOException {
        fails(
                "# INFLUXDB EXPORT: a - b\n" + HEAD + "a v=1 1\n",
                r -> r.precision("s"),
                InvalidRequest.class,
                "nanoseconds");
        assertThat(imported(HEAD + "a v=1 1\n", r -> r.precision("s")).written())
                .isOne();
        assertThat(server.writes().get(0).uri()).contains("precision=s");
    }

    @Test
    void tellsCompressionByTheContent() throws IOException {
        byte[] text = (HEAD + points(3000)).getBytes(StandardCharsets.US_ASCII);

        imported(Files.write(temp.resolve("a"), gzip(text)), r -> r);
        assertThat(server.points()).hasSize(3000);
        imported(Files.write(temp.resolve("b"), Zstd.compress(text)), r -> r);

        assertThat(server.writes().stream().mapToInt(w -> w.lines().size()).sum())
                .isEqualTo(6000);
    }

    @Test
    void aCutArchiveIsDamaged() throws IOException {
        byte[] whole = gzip((HEAD + points(3000)).getBytes(StandardCharsets.US_ASCII));

        fails(
                Files.write(temp.resolve("cut.gz"), Arrays.copyOf(whole, whole.length - 20)),
                r -> r,
                CompressedDataDamaged.class,
                "cut.gz");
    }

    private static byte[] gzip(byte[] text) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(text);
        }
        return out.toByteArray();
    }

    @Test
    void theLastOfSeveralValuesWinsHoweverTheRequestsOvertakeEachOther() throws IOException {
        var random = new Random(11);
        var text = new StringBuilder(HEAD);
        Map<String, String> expected = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            int series = random.nextInt(20);
            long time = 1_600_000_000_000_000_000L + random.nextInt(50) * 600_000_000_000L;
            text.append("m,t=%d v=%d %d\n".formatted(series, i, time));
            expected.put("db/rp m,t=%d v@%d".formatted(series, time), Integer.toString(i));
        }
        var delays = new Random(5);
        server.slow(write -> Duration.ofMillis(delays.nextInt(8)));

        imported(text.toString(), r -> r.batchLines(100).concurrency(8));

        assertThat(server.points()).isEqualTo(expected);
        assertThat(server.mostUnderWay()).isBetween(2, 8);
    }

    @Test
    void noTwoRequestsBeginAShardAtTheSameTime() throws IOException {
        Set<Long> begun = ConcurrentHashMap.newKeySet();
        Map<Long, AtomicInteger> underWay = new ConcurrentHashMap<>();
        List<String> together = new CopyOnWriteArrayList<>();
        server.slow(write -> {
            for (long hour : hours(write)) {
                int beside = underWay.computeIfAbsent(hour, key -> new AtomicInteger())
                        .getAndIncrement();
                if (beside > 0 && !begun.contains(hour)) {
                    together.add(write.database() + " hour " + hour);
                }
            }
            return Duration.ofMillis(3);
        });
        server.onWrite(write -> {
            begun.addAll(hours(write));
            return Answer.of(0, "");
        });
        var random = new Random(5);
        String text = HEAD
                + random.ints(6000, 0, 3_000_000)
                        .mapToObj(second ->
                                "m,t=%d v=%d %d000000000\n".formatted(second % 7, second, 1_600_000_000 + second))
                        .collect(Collectors.joining());

        ImportReport report = imported(text, r -> r.batchLines(500));

        assertThat(report.written()).isEqualTo(6000);
        assertThat(server.mostUnderWay()).isGreaterThan(1);
        assertThat(together).isEmpty();
    }

    private static Set<Long> hours(Write write) {
        return write.lines().stream()
                .map(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)) / 3_600_000_000_000L)
                .collect(Collectors.toSet());
    }

    @Test
    void linesThatNeverEndAreRejectedAndNothingElse() throws IOException {
        ImportReport report = imported(
                HEAD + "a v=1 1\nm s=\"" + "y".repeat(5000) + "\" 1\nb v=2 2\nm s=\"open 1\n" + points(300),
                r -> r.lineBytes(3000));

        assertThat(report.rejected()).isEqualTo(2);
        assertThat(report.written()).isEqualTo(302);
        assertThat(report.examples()).extracting(ImportReport.Reject::line).containsExactly(5L, 7L);
    }

    @Test
    void aMeasurementThatLooksLikeACommentIsNotDroppedInSilence() throws IOException {
        ImportReport report = imported(HEAD + "#hash v=1 1600000000000000014\n# writing wal data\n");

        assertThat(report.rejected()).isOne();
        assertThat(report.examples().get(0).reason()).contains("begins with #");
    }

    /** The server drops it and answers 204. */
    @Test
    void aFieldThatTheServerDropsIsToldOnce() throws IOException {
        ImportReport report = imported(HEAD + "m v=1 1\nm v=1,time=2 2\nm time=3,v=1 3\n");

        assertThat(report.warnings()).singleElement().asString().contains("in.lp, line 5", "'time'");
        assertThat(report.written()).isEqualTo(3);
        assertThat(imported(HEAD + "m time=3 1\nm,time=x v=1 1\nm v=\"a,time=1\" 1\n")
                        .warnings())
                .isEmpty();
    }

    @Test
    void writesIntoBucketsAndLeavesStatementsOut() throws IOException {
        ImportReport report = imported(
                "# DDL\nCREATE DATABASE db\n" + HEAD + "a v=1 1\n",
                r -> r.bucket("my org", "{db}/{rp}").credentials(new Credentials.Token("t0k")));

        assertThat(server.writes().get(0).uri()).isEqualTo("/api/v2/write?org=my%20org&bucket=db%2Frp&precision=ns");
        assertThat(server.writes().get(0).headers().get("authorization")).isEqualTo("Token t0k");
        assertThat(server.statements()).isEmpty();
        assertThat(report.warnings()).hasSize(1);
    }

    @Test
    void theThousandthPartComesBehindThoseBeforeIt() throws IOException {
        Files.createDirectory(temp.resolve("dir"));
        file("dir/a-999.lp", HEAD + "m v=1 1\n");
        file("dir/a-1000.lp", HEAD + "m v=2 1\n");

        imported(temp.resolve("dir"), r -> r);

        assertThat(server.points()).containsEntry("db/rp m v@1", "2");
    }

    @Test
    void takesEachFileOfADirectoryOnceInTheOrderOfTheirNames() throws IOException {
        Files.createDirectory(temp.resolve("dir"));
        file("dir/2.lp", HEAD + "m v=2 1\n");
        file("dir/1.lp", HEAD + "m v=1 1\n");

        assertThat(imported(temp.resolve("dir"), r -> r).files()).isEqualTo(2);
        assertThat(server.points()).containsEntry("db/rp m v@1", "2");
        file("dir/3.lp", HEAD + "m v=3 1\n");
        ImportReport second = imported(temp.resolve("dir"), r -> r);

        assertThat(second.files()).isOne();
        assertThat(second.skipped()).isEqualTo(2);
        assertThat(server.points()).containsEntry("db/rp m v@1", "3");
    }

    @Test
    void aFileOfADirectoryThatWasCutIsTakenOnceItIsWhole() throws IOException {
        Files.createDirectory(temp.resolve("dir"));
        byte[] whole = Zstd.compress((HEAD + points(5000)).getBytes(StandardCharsets.UTF_8));
        Files.write(temp.resolve("dir/1.lp.zst"), Arrays.copyOf(whole, whole.length - 10));
        fails(temp.resolve("dir"), r -> r.batchLines(100), CompressedDataDamaged.class, "1.lp.zst");

        Files.write(temp.resolve("dir/1.lp.zst"), whole);
        ImportReport report = imported(temp.resolve("dir"), r -> r);

        assertThat(report.written()).isEqualTo(5000);
        assertThat(report.warnings()).singleElement().asString().contains("has changed since");
    }

    @Test
    void whatOneServerHasTakenIsNotLeftOutForAnother() throws IOException {
        Files.createDirectory(temp.resolve("dir"));
        file("dir/1.lp", HEAD + "m v=1 1\n");
        imported(temp.resolve("dir"), r -> r);

        try (var other = new FakeInflux()) {
            ImportRequest.Builder elsewhere = ImportRequest.of(temp.resolve("dir"), other.endpoint());
            engine.importLines(elsewhere.build())
                    .as(StepVerifier::create)
                    .thenConsumeWhile(event -> true)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(InvalidRequest.class)
                            .hasMessageContainingAll(
                                    server.endpoint().toString(),
                                    other.endpoint().toString()))
                    .verify(PATIENCE);

            Path own = temp.resolve("other.json");
            engine.importLines(elsewhere.progress(own).build()).blockLast(PATIENCE);
            engine.importLines(elsewhere.progress(own).build()).blockLast(PATIENCE);
            assertThat(other.lines()).containsExactly("db/rp m v=1 1");
        }
    }

    @Test
    void whatImportsKeepInADirectoryIsNoInput() throws IOException {
        Files.createDirectory(temp.resolve("dir"));
        file("dir/1.lp", HEAD + "m v=1 1\n");
        file("dir/1.lp.sluice-progress", "{}");
        file("dir/1.lp.sluice-progress.new", "{}");
        file("dir/bad.lp", "no point\n");

        Path same = temp.resolve("dir/../dir/bad.lp");
        assertThat(imported(temp.resolve("dir"), r -> r.rejects(same)).files()).isOne();
    }

    @Test
    void whatIsNotThereIsToldSo() {
        fails(temp.resolve("none.lp"), r -> r, NotThere.class, "none.lp");
    }

    @Test
    void anEmptyFileIsNoFailure() throws IOException {
        assertThat(imported("").written()).isZero();
    }

    @Test
    void aCancelEndsTheRequests() throws Exception {
        Set<String> begun = ConcurrentHashMap.newKeySet();
        server.slow(write -> {
            begun.add(write.uri());
            return Duration.ofSeconds(60);
        });
        Path path = file("in.lp", HEAD + points(5000));

        Disposable run = engine.importLines(request(path, r -> r)).subscribe();
        while (begun.isEmpty()) {
            Thread.sleep(5);
        }
        run.dispose();

        assertThat(server.writes()).isEmpty();
        assertThat(List.copyOf(begun)).isNotEmpty();
    }
}
