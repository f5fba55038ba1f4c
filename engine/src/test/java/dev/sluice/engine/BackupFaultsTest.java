package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.ServerSilent;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Request;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import dev.sluice.engine.testkit.TestThreads;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.test.StepVerifier;

/** A whole backup against a server that fails in every way; what was in the directory stays as it was. */
class BackupFaultsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final ShardRef FIRST = new ShardRef("db", "a.b c", 1);
    private static final ShardRef SECOND = new ShardRef("db", "日本", 2);
    private static final byte[] METASTORE = Answers.metastore(Answers.metadata(FIRST, SECOND));
    private static final byte[] PATHS = Answers.pathList(FIRST, SECOND);
    private static final byte[] TAR = Answers.shard(FIRST, 1, 2, 3_000);

    private static final Selection CHANGED = new Selection(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(Instant.parse("2020-01-31T00:00:00Z")));

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path directory;

    @BeforeEach
    void somethingWasThere() throws IOException {
        Files.writeString(directory.resolve("20200101T000000Z.manifest"), "precious");
    }

    @AfterEach
    void itIsStillThere() throws IOException {
        engine.close();
        assertThat(directory.resolve("20200101T000000Z.manifest")).hasContent("precious");
        assertThat(names()).noneMatch(name -> name.contains("pending"));
    }

    @Test
    void storesAllShardsOfAGoodServer() {
        try (var server = ScriptedServer.byRequest(this::good)) {
            CopyReport report = run(server);

            assertThat(report.complete()).isTrue();
            assertThat(report.stored()).extracting(r -> r.ref()).containsExactly(FIRST, SECOND);
            assertThat(report.stored().get(0).rawBytes()).isEqualTo(TAR.length);
            assertThat(report.stored().get(0).files()).hasSize(2);
        }
    }

    @Test
    void tellsOfARunThatWasNotCompletedThere() throws IOException {
        Files.write(directory.resolve("20200102T000000Z.s1.tar.gz"), new byte[1_000]);
        Files.write(directory.resolve("20200102T000000Z.meta"), new byte[100]);
        try (var server = ScriptedServer.byRequest(this::good)) {
            CopyReport report = run(server);

            assertThat(report.complete()).isTrue();
            assertThat(report.notices())
                    .anySatisfy(notice -> assertThat(notice.message())
                            .contains("2 files of 1100 bytes", "no restore point", "20200102T000000Z.*"));
        }
        try (var server = ScriptedServer.byRequest(this::good)) {
            Files.writeString(directory.resolve("20200102T000000Z.manifest"), "there it is");

            assertThat(run(server).notices())
                    .noneSatisfy(notice -> assertThat(notice.message()).contains("no restore point"));
        }
    }

    // In the metadata; in a header; in a body; at an entry's border; just before the end marker is complete.
    @ParameterizedTest
    @ValueSource(ints = {1, 511, 512, 700, 3_584, 4_096, 7_168, 7_169, 7_680, 8_191})
    void refusesAShardThatEndsEarly(int bytes) throws IOException {
        assertThat(TAR).as("the cuts above lie inside").hasSize(8_192);
        try (var server = ScriptedServer.byRequest(
                request -> request.field("ShardID").equals("1") ? Script.cutAfter(TAR, bytes) : good(request))) {
            failure(request(server).retries(0), ArchiveDamaged.class, "db/a.b c/1", "after " + bytes + " bytes");
            assertThat(manifests()).isEmpty();
        }
    }

    @Test
    void triesAgainFromTheStart() {
        AtomicInteger attempts = new AtomicInteger();
        try (var server = ScriptedServer.byRequest(
                request -> request.field("ShardID").equals("1") && attempts.getAndIncrement() == 0
                        ? Script.cutAfter(TAR, 4_000)
                        : good(request))) {
            CopyReport report = run(server);

            assertThat(report.complete()).isTrue();
            assertThat(report.retries()).isEqualTo(1);
            assertThat(report.stored().get(0).rawBytes()).isEqualTo(TAR.length);
        }
    }

    /** The least time that the bytes may take, whatever else does: what a failed attempt has read counts as well. */
    @Test
    void keepsToItsRateOverAllShardsAndAttempts() {
        int slab = 1 << 20;
        byte[] tar = Answers.shard(FIRST, 1, 3, slab);
        byte[] other = Answers.shard(SECOND, 2, 3, slab);
        AtomicInteger attempts = new AtomicInteger();
        try (var server = ScriptedServer.byRequest(request -> request.type() != 0
                ? good(request)
                : request.field("ShardID").equals("2")
                        ? Script.answer(other)
                        : attempts.getAndIncrement() == 0
                                ? Script.cutAfter(tar, 2 * slab + 1_000)
                                : Script.answer(tar))) {
            long rate = 2L * slab;

            long start = System.nanoTime();
            CopyReport report = report(request(server)
                    .compression(Compression.NONE)
                    .checkBlocks(false)
                    .pace(Pace.DEFAULT.withConcurrency(2).withRetries(1))
                    .rateLimit(rate));
            double seconds = (System.nanoTime() - start) / 1e9;

            assertThat(report.complete()).isTrue();
            assertThat(report.retries()).isEqualTo(1);
            // Two slabs of the attempt that failed, and both shards; for the last parts of each nobody waits.
            long paid = 2 * slab + tar.length + other.length - 2L * slab;
            assertThat(seconds).isGreaterThanOrEqualTo((double) paid / rate);
        }
    }

    @Test
    void triesAgainAfterAReset() {
        AtomicInteger attempts = new AtomicInteger();
        try (var server = ScriptedServer.byRequest(
                request -> request.field("ShardID").equals("1") && attempts.getAndIncrement() < 2
                        ? Script.resetAfter(TAR, 4_000)
                        : good(request))) {
            CopyReport report = run(server);

            assertThat(report.complete()).isTrue();
            assertThat(report.retries()).isEqualTo(2);
            assertThat(report.stored().get(0).rawBytes()).isEqualTo(TAR.length);
        }
    }

    @Test
    void endsWhenAShardIsResetEveryTime() throws IOException {
        try (var server = ScriptedServer.byRequest(
                request -> request.field("ShardID").equals("1") ? Script.resetAfter(TAR, 4_000) : good(request))) {
            failure(request(server).retries(1), ConnectionLost.class, "db/a.b c/1");
            assertThat(manifests()).isEmpty();
        }
    }

    @Test
    void namesWhatIsMissingWhenErrorsAreSkipped() {
        try (var server = ScriptedServer.byRequest(
                request -> request.field("ShardID").equals("1") ? Script.garbage(3, 5_000) : good(request))) {
            CopyReport report = report(request(server).retries(0).skipErrors(true));

            assertThat(report.stored()).extracting(r -> r.ref()).containsExactly(SECOND);
            assertThat(report.missing()).singleElement().satisfies(outcome -> {
                assertThat(outcome).isInstanceOf(ShardOutcome.Failed.class);
                assertThat(outcome.ref()).isEqualTo(FIRST);
            });
        }
    }

    /** Who checks or restores it later has no server to look after. */
    @Test
    void whoReadsTheBackupIsToldThatAShardWasMissingAlreadyAndWhy() {
        try (var server = ScriptedServer.byRequest(
                request -> request.field("ShardID").equals("1") ? Script.garbage(3, 5_000) : good(request))) {
            Path own = directory.resolve("own");
            CopyReport backup = report(
                    BackupRequest.portable(server.address(), own).retries(0).skipErrors(true));
            String why = backup.missing().get(0).reason();

            CopyReport check = engine.verify(VerifyRequest.of(new End.Portable(own)))
                    .ofType(Event.Finished.class)
                    .map(Event.Finished::report)
                    .blockLast(PATIENCE);

            assertThat(check).isNotNull();
            assertThat(why).isNotBlank();
            assertThat(check.missing()).containsExactly(new ShardOutcome.NotOffered(FIRST, Absence.before(why)));
            assertThat(check.notices()).first().satisfies(notice -> {
                assertThat(notice.message()).contains("missing already when the backup was made", why);
                assertThat(notice.hint()).contains("older backup").doesNotContain("Failed to open");
            });
        }
    }

    @Test
    void namesAShardThatTheServerDoesNotOffer() {
        try (var server = ScriptedServer.byRequest(
                request -> request.type() == 3 ? Script.answer(Answers.pathList(FIRST)) : good(request))) {
            CopyReport report = run(server);

            assertThat(report.missing()).containsExactly(new ShardOutcome.NotOffered(SECOND, Absence.notOpen(SECOND)));
            assertThat(report.notices())
                    .filteredOn(notice -> notice.kind() == Notice.Kind.WARNING)
                    .singleElement()
                    .asString()
                    .contains("db/日本/2");
        }
    }

    @Test
    void takesAShardThatIsNoLongerListedForDropped() {
        AtomicInteger listings = new AtomicInteger();
        try (var server = ScriptedServer.byRequest(request -> {
            if (request.type() == 3 && listings.getAndIncrement() > 0) {
                return Script.answer(Answers.pathList(FIRST));
            }
            return request.field("ShardID").equals("2") ? Script.nothing() : good(request);
        })) {
            CopyReport report = run(server);

            assertThat(report.missing()).containsExactly(new ShardOutcome.DroppedMeanwhile(SECOND));
        }
    }

    @Test
    void asksAgainWhenAListedShardGivesNothing() {
        AtomicInteger attempts = new AtomicInteger();
        try (var server = ScriptedServer.byRequest(
                request -> request.field("ShardID").equals("2") && attempts.getAndIncrement() == 0
                        ? Script.nothing()
                        : good(request))) {
            assertThat(run(server).complete()).isTrue();
            assertThat(attempts).hasValue(2);
        }
    }

    @Test
    void storesEmptyShardsAndAThousandTinyOnes() {
        ShardRef[] many = IntStream.rangeClosed(1, 1_000)
                .mapToObj(id -> new ShardRef("db", "rp", id))
                .toArray(ShardRef[]::new);
        try (var server = ScriptedServer.byRequest(request -> switch (request.type()) {
            case 1 -> Script.answer(Answers.metastore(Answers.metadata(many)));
            case 3 -> Script.answer(Answers.pathList(many));
            default -> {
                ShardRef shard = many[Integer.parseInt(request.field("ShardID")) - 1];
                yield Script.answer(Answers.shard(shard, shard.id() % 2 == 0 ? Map.of() : Answers.files(1, 1, 10)));
            }
        })) {
            assertThat(run(server).stored()).hasSize(1_000);
        }
    }

    @Test
    void refusesMetadataThatIsCutAnywhere() {
        for (int bytes : new int[] {4, 12, 40, METASTORE.length - 7, METASTORE.length - 1}) {
            try (var server = ScriptedServer.inOrder(Script.cutAfter(METASTORE, bytes))) {
                failure(request(server).retries(0), MalformedResponse.class, "metastore");
            }
        }
    }

    /** A server that goes down ends its answers so. */
    @Test
    void asksAgainWhenAnAnswerIsCut() {
        for (int bytes : new int[] {4, 12, 40, METASTORE.length - 1}) {
            AtomicInteger metastores = new AtomicInteger();
            AtomicInteger lists = new AtomicInteger();
            try (var server = ScriptedServer.byRequest(request -> {
                if (request.type() == 1 && metastores.getAndIncrement() == 0) {
                    return Script.cutAfter(METASTORE, bytes);
                }
                return request.type() == 3 && lists.getAndIncrement() == 0
                        ? Script.cutAfter(PATHS, PATHS.length / 2)
                        : good(request);
            })) {
                assertThat(run(server).complete()).isTrue();
            }
        }
    }

    @Test
    void doesNotAskAgainForGarbage() {
        for (Script none : List.of(
                Script.http(),
                Script.answer("HTTP".getBytes(StandardCharsets.UTF_8)),
                Script.answer(java.util.Arrays.copyOf(METASTORE, METASTORE.length + 1)))) {
            AtomicInteger asked = new AtomicInteger();
            try (var server = ScriptedServer.byRequest(request -> {
                asked.incrementAndGet();
                return none;
            })) {
                failure(request(server).retries(3), MalformedResponse.class, "metastore");
                assertThat(asked).hasValue(1);
            }
        }
    }

    @Test
    void refusesBytesBehindTheMetadata() {
        byte[] more = java.util.Arrays.copyOf(METASTORE, METASTORE.length + 1);
        try (var server = ScriptedServer.inOrder(Script.answer(more))) {
            failure(request(server).retries(0), MalformedResponse.class, "metastore");
        }
    }

    @Test
    void recognisesAServerThatIsNotInfluxd() {
        try (var web = ScriptedServer.byRequest(request -> Script.http());
                var noise = ScriptedServer.inOrder(Script.garbage(5, 2_000));
                var mute = ScriptedServer.inOrder(Script.hang());
                var no = ScriptedServer.inOrder(Script.nothing())) {
            failure(request(web).retries(0), MalformedResponse.class, "metastore");
            failure(request(noise).retries(0), MalformedResponse.class, "metastore");
            Duration second = Duration.ofMillis(300);
            failure(
                    request(mute).retries(0).timeouts(new Timeouts(second, second, second)),
                    ServerSilent.class,
                    "metastore");
            failure(request(no).retries(0), EmptyAnswer.class, "metastore");
        }
    }

    @Test
    void waitsForAServerThatIsStartingUp() {
        AtomicInteger asked = new AtomicInteger();
        try (var server =
                ScriptedServer.byRequest(request -> asked.getAndIncrement() == 0 ? Script.nothing() : good(request))) {
            assertThat(run(server).complete()).isTrue();
        }
    }

    @Test
    void saysThatNobodyListens() throws IOException {
        ServerAddress nobody;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = new ServerAddress("127.0.0.1", socket.getLocalPort());
        }
        failure(BackupRequest.portable(nobody, directory), ConnectionFailed.class, nobody.toString());
    }

    @Test
    void namesWhatDoesNotExist() {
        try (var server = ScriptedServer.byRequest(this::good)) {
            Selection all = Selection.EVERYTHING;
            failure(request(server).selection(all.withDatabase("nope")), NotThere.class, "'nope'");
            failure(
                    request(server)
                            .selection(new Selection(
                                    Optional.of("db"),
                                    Optional.of("nope"),
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.empty())),
                    NotThere.class,
                    "'nope'",
                    "'db'");
            failure(
                    request(server)
                            .selection(new Selection(
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.of(99L),
                                    Optional.empty(),
                                    Optional.empty())),
                    NotThere.class,
                    "shard 99");
        }
    }

    @Test
    void findsTheNamesOfASingleShard() {
        try (var server = ScriptedServer.byRequest(this::good)) {
            CopyReport report = report(request(server)
                    .selection(new Selection(
                            Optional.empty(), Optional.empty(), Optional.of(2L), Optional.empty(), Optional.empty())));

            assertThat(report.stored()).extracting(r -> r.ref()).containsExactly(SECOND);
        }
    }

    @Test
    void refusesADestinationThatIsAFile() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "mine");
        try (var server = ScriptedServer.byRequest(this::good)) {
            failure(BackupRequest.portable(server.address(), file), SluiceException.class, "file");
        }
        assertThat(file).hasContent("mine");
    }

    @Test
    void endsTheConversationWhenAShardFallsSilent() {
        Duration limit = Duration.ofMillis(400);
        try (var server = ScriptedServer.byRequest(
                request -> request.field("ShardID").equals("1") ? Script.hangAfter(TAR, 2_000) : good(request))) {
            failure(
                    request(server).retries(0).timeouts(new Timeouts(PATIENCE, PATIENCE, limit)),
                    ServerSilent.class,
                    "db/a.b c/1",
                    "after 2000 bytes");
        }
    }

    @Test
    void leavesNothingHalfWrittenWhenCancelled() throws IOException {
        try (var server = ScriptedServer.byRequest(
                request -> request.type() == 0 ? Script.hangAfter(TAR, 2_000) : good(request))) {
            StepVerifier.create(engine.backup(request(server).concurrency(1).build())
                            .filter(event -> event instanceof Event.Progress progress && progress.rawBytes() > 0))
                    .expectNextCount(1)
                    .thenCancel()
                    .verify(PATIENCE);

            server.awaitConversation(2).assertClientGone();
            long until = System.nanoTime() + PATIENCE.toNanos();
            while (names().size() > 1 && System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            assertThat(names()).containsExactly("20200101T000000Z.manifest");
        }
    }

    @Test
    void closingTheEngineEndsABackupThatRuns() throws IOException {
        try (var server = ScriptedServer.byRequest(
                request -> request.type() == 0 ? Script.hangAfter(TAR, 2_000) : good(request))) {
            engine.backup(request(server).concurrency(1).build())
                    .as(StepVerifier::create)
                    .thenConsumeWhile(event -> {
                        if (event instanceof Event.Progress progress && progress.rawBytes() > 0) {
                            TestThreads.FILES.schedule(engine::close);
                        }
                        return true;
                    })
                    .expectErrorSatisfies(
                            e -> assertThat(e).isInstanceOf(EngineClosed.class).hasMessageContaining("closed"))
                    .verify(PATIENCE);

            server.awaitConversation(2).assertClientGone();
            engine.close();
            assertThat(names()).containsExactly("20200101T000000Z.manifest");
            failure(request(server), EngineClosed.class, "closed");
        }
    }

    @Test
    void aBackupThatIsInterruptedSaysWhatStays() {
        var shards = new AtomicInteger();
        try (var server = ScriptedServer.byRequest(request -> {
            if (request.type() == 0 && shards.incrementAndGet() == 2) {
                engine.interrupt();
                return Script.hangAfter(TAR, 2_000);
            }
            return good(request);
        })) {
            var told = new ArrayList<String>();
            engine.backup(request(server).concurrency(1).build())
                    .doOnNext(event -> {
                        if (event instanceof Event.Told notice) {
                            told.add(notice.notice().message());
                        }
                    })
                    .as(StepVerifier::create)
                    .thenConsumeWhile(event -> true)
                    .expectError(EngineClosed.class)
                    .verify(PATIENCE);

            assertThat(told).last().asString().contains("was not completed", "these finished archives stay");
        }
    }

    /** Whether a shard has changed is a question to the server like any other. */
    @Test
    void asksAgainWhetherAShardHasChanged() {
        AtomicInteger questions = new AtomicInteger();
        try (var server = ScriptedServer.byRequest(request -> isAboutChange(request) && questions.incrementAndGet() == 1
                ? Script.resetAfter(TAR, 0)
                : good(request))) {
            CopyReport report = report(request(server).selection(CHANGED));

            assertThat(report.complete()).isTrue();
            assertThat(report.stored()).hasSize(2);
            assertThat(report.retries()).isEqualTo(1);
        }
    }

    @Test
    void goesOnWithoutAShardThatDoesNotTellWhetherItHasChanged() {
        try (var server = ScriptedServer.byRequest(
                request -> isAboutChange(request) && request.field("ShardID").equals("1")
                        ? Script.resetAfter(TAR, 0)
                        : good(request))) {
            CopyReport report =
                    report(request(server).selection(CHANGED).retries(0).skipErrors(true));

            assertThat(report.complete()).isFalse();
            assertThat(report.stored()).extracting(r -> r.ref()).containsExactly(SECOND);
            assertThat(report.missing())
                    .singleElement()
                    .isInstanceOfSatisfying(
                            ShardOutcome.Failed.class,
                            failed -> assertThat(failed.why()).isInstanceOf(ConnectionLost.class));
        }
    }

    /**
     * When all that a file held was deleted a compaction takes the file away, and no other one changes: the newest
     * archive of the shard has to be one without files, or deleted points come back.
     */
    @Test
    void aShardWhoseFilesAreAllGoneHasChanged() {
        byte[] nothing = new byte[1024];
        try (var server = ScriptedServer.byRequest(request -> isAboutChange(request)
                        || request.type() == 0 && request.field("ShardID").equals("1")
                ? Script.answer(nothing)
                : good(request))) {
            CopyReport report = report(request(server).selection(CHANGED));

            assertThat(report.stored()).singleElement().satisfies(emptied -> {
                assertThat(emptied.ref()).isEqualTo(FIRST);
                assertThat(emptied.files()).isEmpty();
            });
            assertThat(report.outcomes())
                    .filteredOn(ShardOutcome.Unchanged.class::isInstance)
                    .extracting(ShardOutcome::ref)
                    .containsExactly(SECOND);
        }
    }

    private static boolean isAboutChange(Request request) {
        return request.type() == 0 && request.field("Since").startsWith("2020");
    }

    private Script good(Request request) {
        return switch (request.type()) {
            case 1 -> Script.answer(METASTORE);
            case 3, 4 -> Script.answer(PATHS);
            case 0 ->
                request.field("ShardID").equals("1")
                        ? Script.answer(TAR)
                        : Script.slowly(Answers.shard(SECOND, 2, 3, 50_000), 10_000, Duration.ofMillis(2));
            default -> Script.nothing();
        };
    }

    private BackupRequest.Builder request(ScriptedServer server) {
        return BackupRequest.portable(server.address(), directory);
    }

    private CopyReport run(ScriptedServer server) {
        return report(request(server));
    }

    private CopyReport report(BackupRequest.Builder request) {
        CopyReport report = engine.backupReport(request.build()).block(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }

    private void failure(BackupRequest.Builder request, Class<? extends SluiceException> kind, String... words) {
        engine.backup(request.build())
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectErrorSatisfies(e -> {
                    assertThat(e).isInstanceOf(kind).hasMessageContainingAll(words);
                    assertThat(((SluiceException) e).hint()).isNotBlank();
                })
                .verify(PATIENCE);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private List<String> manifests() throws IOException {
        return names().stream()
                .filter(name -> name.endsWith(".manifest") && !name.startsWith("2020"))
                .toList();
    }
}
