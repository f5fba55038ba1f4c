package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.error.NotInstalled;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.ServerSilent;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.meta.proto.ContinuousQueryInfo;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.UserInfo;
import dev.sluice.engine.meta.proto.UserPrivilege;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.FakeInfluxd;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.PortableFiles;
import dev.sluice.engine.testkit.ScriptedServer.Conversation;
import dev.sluice.engine.testkit.ScriptedServer.Request;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.test.StepVerifier;

/**
 * Whole restores to a server that fails in every way. Tests that begin with a letter and a number are those of the known
 * defects of the original tool and of the server.
 */
class RestoreFaultsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final ShardRef FIRST = new ShardRef("db", "a.b c", 1);
    private static final ShardRef SECOND = new ShardRef("db", "日本", 2);
    private static final ShardRef OTHER = new ShardRef("other", "rp", 3);

    private final SluiceEngine engine = SluiceEngine.create();
    private final FakeInfluxd server = new FakeInfluxd().withDatabase("there before");
    private final List<Notice> told = new ArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void nothingElseWasTouched() {
        assertThat(server.databases()).contains("there before");
        engine.close();
        server.close();
    }

    @Test
    void restoresEveryFileByteForByteUnderANameOfItsOwn() {
        backup(FIRST, SECOND, OTHER);

        CopyReport report = restore();

        assertThat(report.complete()).isTrue();
        assertThat(server.databases()).containsExactly("there before", "db", "other");
        assertThat(server.files())
                .containsOnlyKeys("db/a.b c/101", "db/日本/102", "other/rp/103")
                .allSatisfy((shard, files) -> assertThat(files)
                        .hasSize(2)
                        .containsKeys("000010001-000000001.tsm", "000010002-000000001.tsm"));
        assertThat(server.files("db/日本/102").values())
                .containsExactlyElementsOf(filesOf(SECOND).values());
    }

    @Test
    void r1AnUploadThatDoesNotArriveIsSeenAndSentAgainUnderOtherNames() {
        backup(FIRST);
        var uploads = new AtomicInteger();
        server.when(request -> request.type() == 7 && uploads.getAndIncrement() == 0
                ? Optional.of(Conversation::receiveArchive) // and nothing is done with it
                : Optional.empty());

        CopyReport report = restore();

        assertThat(report.retries()).isEqualTo(1);
        assertThat(server.files("db/a.b c/101"))
                .as("not over the half file that the first attempt may have left")
                .containsOnlyKeys("000020001-000000001.tsm", "000020002-000000001.tsm");
    }

    @Test
    void r1AnUploadThatNeverArrivesIsNoSuccess() {
        backup(FIRST);
        server.when(request -> request.type() == 7 ? Optional.of(Conversation::receiveArchive) : Optional.empty());

        failure(request().retries(1), NotInstalled.class, "db/a.b c/101", "lacks 000020001-000000001.tsm and 1 more");

        assertThat(told).anySatisfy(notice -> {
            assertThat(notice.message()).contains("database 'db' stays").contains("0 of its 1 shards");
            assertThat(notice.hint()).contains("DROP DATABASE \"db\"");
        });
    }

    @Test
    void r1AFileThatArrivesWithOtherBytesIsNoSuccess() {
        backup(FIRST);
        server.when(request -> request.type() != 7
                ? Optional.empty()
                : Optional.of(conversation -> {
                    server.own(request).run(conversation);
                    server.put(101, "000010002-000000001.tsm", new byte[3_000]);
                }));

        failure(request().retries(0), NotInstalled.class, "has other bytes in 000010002-000000001.tsm");
    }

    @Test
    void aCompactionBetweenUploadAndLookIsNoDamage() {
        backup(FIRST);
        server.when(request -> request.type() != 7
                ? Optional.empty()
                : Optional.of(conversation -> {
                    server.own(request).run(conversation);
                    Map<String, byte[]> files = server.files("db/a.b c/101");
                    files.clear();
                    files.put("000010002-000000002.tsm", new byte[5_000]);
                }));

        CopyReport report = restore();

        assertThat(report.complete()).isTrue();
        assertThat(report.notices())
                .anySatisfy(notice ->
                        assertThat(notice.message()).contains("compacted").contains("db/a.b c/1"));
    }

    @Test
    void waitsForAShardThatIsDisabledForAMoment() {
        backup(FIRST);
        var looks = new AtomicInteger();
        server.when(request ->
                request.type() == 0 && looks.getAndIncrement() < 3 ? Optional.of(Script.nothing()) : Optional.empty());

        assertThat(restore(request().verification(Verification.OFF)).retries()).isZero();
        assertThat(looks).hasValue(4);
    }

    @Test
    void r2EntriesAreNamedAsTheServerKnowsTheShard() {
        backup(FIRST, SECOND);

        CopyReport report = restore(request()
                .selection(new Selection(
                        Optional.of("db"), Optional.of("日本"), Optional.empty(), Optional.empty(), Optional.empty()))
                .mapping(new Mapping(Optional.of("neu"), Optional.of("später"))));

        assertThat(report.complete()).isTrue();
        assertThat(server.files()).containsOnlyKeys("neu/später/101");
        assertThat(server.files("neu/später/101")).hasSize(2);
    }

    @Test
    void r3AMissingArchiveIsAnErrorBeforeTheServerIsTouched() throws IOException {
        backup(FIRST, SECOND);
        Files.delete(directory.resolve("20260101T000000Z.s2.tar.gz"));

        failure(request(), NotThere.class, "s2.tar.gz", "missing");

        assertThat(server.requests()).isEmpty();
    }

    @Test
    void r6NoPairsForADatabaseWithoutShardsIsASuccess() {
        backup(
                metadata(FIRST).toBuilder()
                        .addDatabases(DatabaseInfo.newBuilder().setName("empty").setDefaultRetentionPolicy(""))
                        .build(),
                FIRST);

        CopyReport report = restore();

        assertThat(report.complete()).isTrue();
        assertThat(server.databases()).containsExactly("there before", "db", "empty");
    }

    @Test
    void r6NoAnswerAfterTheImportIsFoundOutByLooking() {
        backup(FIRST, SECOND);
        server.when(request -> request.type() != 6
                ? Optional.empty()
                : Optional.of(conversation -> {
                    byte[] upload = conversation.receive(Integer.parseInt(request.field("UploadSize")));
                    server.imported(Data.parseFrom(upload), "db");
                }));

        assertThat(restore().complete()).isTrue();
        assertThat(server.files("db/日本/102")).hasSize(2);
    }

    @Test
    void r6AServerThatDoesNotTakeTheMetadataIsToldSo() {
        backup(FIRST);
        server.when(request -> request.type() == 6 ? Optional.of(refusal()) : Optional.empty());

        failure(request(), RestoreRefused.class, "DB metadata not changed", "before 1.8.8", "Enterprise");
        assertThat(server.requests()).noneMatch(request -> request.type() == 7);
    }

    @Test
    void r6ADatabaseThatExistsKeepsTheOriginalsWordsAndSaysWhatToDo() {
        backup(FIRST);
        server.withDatabase("db");

        SluiceException e =
                failure(request(), RestoreRefused.class, "DB metadata not changed. database may already exist", "'db'");

        assertThat(e.hint()).contains("-newdb").contains("--into-existing");
        assertThat(server.requests()).allMatch(request -> request.type() == 1);
    }

    @Test
    void r7ADatabaseThatExistsDoesNotStopTheOthers() {
        backup(FIRST, OTHER);
        server.withDatabase("other");

        CopyReport report = restore();

        assertThat(report.stored()).extracting(receipt -> receipt.ref()).containsExactly(FIRST);
        assertThat(report.missing())
                .containsExactly(
                        new ShardOutcome.Refused(
                                OTHER,
                                "database 'other' exists already; -db with -newdb restores beside it, --into-existing into it"));
    }

    @Test
    void r8WhatAServerCannotBeGivenIsTold() {
        backup(
                metadata(FIRST).toBuilder()
                        .setDatabases(
                                0,
                                metadata(FIRST).getDatabases(0).toBuilder()
                                        .addContinuousQueries(ContinuousQueryInfo.newBuilder()
                                                .setName("cq")
                                                .setQuery("CREATE CONTINUOUS QUERY cq ON db BEGIN SELECT 1 END")))
                        .addUsers(UserInfo.newBuilder()
                                .setName("reader")
                                .setHash("$2a$10$x")
                                .setAdmin(false)
                                .addPrivileges(UserPrivilege.newBuilder()
                                        .setDatabase("db")
                                        .setPrivilege(1)))
                        .build(),
                FIRST);

        CopyReport report = restore();

        assertThat(report.notices())
                .anySatisfy(notice -> {
                    assertThat(notice.message()).contains("continuous query 'cq'");
                    assertThat(notice.hint()).contains("CREATE CONTINUOUS QUERY cq ON db");
                })
                .anySatisfy(notice -> {
                    assertThat(notice.message()).contains("user 'reader'");
                    assertThat(notice.hint())
                            .contains("GRANT READ ON \"db\" TO \"reader\"")
                            .doesNotContain("$2a");
                });
    }

    @Test
    void s7DatabasesThatVanishMeanwhileAreTold() {
        backup(FIRST);
        server.withDatabase("somebody's");
        server.when(request -> request.type() != 7
                ? Optional.empty()
                : Optional.of(conversation -> {
                    server.own(request).run(conversation);
                    server.drop("somebody's");
                }));

        assertThat(restore().notices())
                .anySatisfy(
                        notice -> assertThat(notice.message()).contains("gone").contains("somebody's"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../../../esc.tsm", "000000001.tsm", "one-two.tsm"})
    void s8s10AFileThatWouldBreakTheShardIsNeverSentWhole(String name) {
        backup(metadata(FIRST), Map.of(FIRST, Answers.shard(FIRST, Map.of(name, new byte[3_000]))));

        SluiceException e = failure(request().retries(0), SluiceException.class, name);

        assertThat(e.getMessage()).contains("archive");
        assertThat(server.files())
                .allSatisfy((shard, files) -> assertThat(files).isEmpty());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, -1, -9, -30})
    void s10AFileThatNoServerCanOpenBreaksTheUploadOff(int at) {
        byte[] broken = Objects.requireNonNull(filesOf(FIRST).get("000000001-000000001.tsm"));
        broken[at < 0 ? broken.length + at : at] ^= 0x40;
        backup(metadata(FIRST), Map.of(FIRST, Answers.shard(FIRST, Map.of("000000001-000000001.tsm", broken))));

        failure(request().retries(0), ArchiveDamaged.class, "no server can open", "000000001-000000001.tsm");

        assertThat(server.files("db/a.b c/101")).isEmpty();
    }

    @Test
    void aFileWithADamagedBlockIsRestoredAndTold() {
        byte[] damaged = Objects.requireNonNull(filesOf(FIRST).get("000000001-000000001.tsm"));
        damaged[100] ^= 1;
        backup(metadata(FIRST), Map.of(FIRST, Answers.shard(FIRST, Map.of("000000001-000000001.tsm", damaged))));

        CopyReport report = restore();

        assertThat(report.damaged()).isTrue();
        assertThat(report.notices())
                .anySatisfy(notice ->
                        assertThat(notice.message()).contains("damaged blocks").contains("db/a.b c/1"));
        assertThat(server.files("db/a.b c/101").values()).containsExactly(damaged);
    }

    @Test
    void s9NoUploadIsAnnouncedLargerThanItIs() {
        backup(FIRST);

        restore();

        assertThat(server.requests())
                .filteredOn(request -> request.type() == 6)
                .singleElement()
                .satisfies(request -> assertThat(Integer.parseInt(request.field("UploadSize")))
                        .isLessThan(300));
    }

    @Test
    void aServerThatDiesInTheThirdOfEightShardsLeavesAnAccount() {
        ShardRef[] eight = IntStream.rangeClosed(1, 8)
                .mapToObj(id -> new ShardRef("db", "rp", id))
                .toArray(ShardRef[]::new);
        backup(eight);
        var uploads = new AtomicInteger();
        server.when(request -> request.type() == 7 && uploads.incrementAndGet() == 3
                ? Optional.of(conversation -> {
                    conversation.receive(1_000);
                    conversation.reset();
                })
                : Optional.empty());

        failure(request().retries(0).concurrency(1), ConnectionLost.class, "the upload of shard 103");

        assertThat(told)
                .anySatisfy(
                        notice -> assertThat(notice.message()).contains("with 2 of its 8 shards: db/rp/1, db/rp/2"));
    }

    @Test
    void aRestoreThatIsInterruptedLeavesTheSameAccount() {
        ShardRef[] eight = IntStream.rangeClosed(1, 8)
                .mapToObj(id -> new ShardRef("db", "rp", id))
                .toArray(ShardRef[]::new);
        backup(eight);
        var uploads = new AtomicInteger();
        var reset = new CompletableFuture<Boolean>();
        server.when(request -> request.type() == 7 && uploads.incrementAndGet() == 3
                ? Optional.of(conversation -> {
                    conversation.receive(1_000);
                    engine.interrupt();
                    reset.complete(conversation.awaitReset());
                })
                : Optional.empty());

        failure(request().concurrency(1), EngineClosed.class, "closed");

        assertThat(told).singleElement().satisfies(notice -> {
            assertThat(notice.message()).contains("'db' stays", "with 2 of its 8 shards: db/rp/1, db/rp/2");
            assertThat(notice.hint()).contains("DROP DATABASE \"db\"");
        });
        assertThat(reset).as("the upload ends").succeedsWithin(PATIENCE);
    }

    @Test
    void anInterruptionWhileDatabasesAreMadeNamesThem() {
        backup(FIRST, OTHER);
        var updates = new AtomicInteger();
        server.when(request -> request.type() == 6 && updates.incrementAndGet() == 2
                ? Optional.of(conversation -> {
                    engine.interrupt();
                    conversation.awaitReset();
                })
                : Optional.empty());

        failure(request(), EngineClosed.class, "closed");

        assertThat(server.databases()).containsExactly("there before", "db");
        assertThat(told)
                .satisfiesExactly(
                        notice -> assertThat(notice.message()).contains("'db' stays", "with 0 of its 1 shards"),
                        notice -> {
                            assertThat(notice.message()).contains("'other' is not known");
                            assertThat(notice.hint()).contains("DROP DATABASE \"other\"");
                        });
    }

    @Test
    void anInterruptionBeforeTheFirstAnswerLeavesNothingToTell() {
        backup(FIRST);
        server.when(request -> Optional.of(conversation -> {
            engine.interrupt();
            conversation.awaitReset();
        }));

        failure(request(), EngineClosed.class, "closed");

        assertThat(told).isEmpty();
        assertThat(server.databases()).containsExactly("there before");
    }

    @Test
    void aShardThatFailsForGoodIsNamedWhenErrorsAreSkipped() {
        backup(FIRST, SECOND);
        server.when(request ->
                request.hex().endsWith("0000000000000065") ? Optional.of(Conversation::reset) : Optional.empty());

        CopyReport report = restore(request().retries(0).skipErrors(true));

        assertThat(report.missing()).extracting(ShardOutcome::ref).containsExactly(FIRST);
        assertThat(server.files("db/日本/102")).hasSize(2);
    }

    @Test
    void aServerThatHangsAfterTheUploadIsGivenUp() {
        backup(FIRST);
        server.when(request -> request.type() == 7
                ? Optional.of(conversation -> {
                    conversation.receiveArchive();
                    conversation.awaitReset();
                })
                : Optional.empty());

        failure(
                request().retries(0).timeouts(new Timeouts(PATIENCE, Duration.ofMillis(500), Duration.ofMillis(500))),
                ServerSilent.class,
                "did not end");
    }

    @Test
    void aHostWhereNobodyListensIsNamed() {
        backup(FIRST);

        failure(
                RestoreRequest.of(new End.Portable(directory), new ServerAddress("127.0.0.1", 1))
                        .retries(0),
                ConnectionFailed.class,
                "127.0.0.1:1");
    }

    @Test
    void aTruncatedArchiveIsNeverInstalled() throws IOException {
        backup(FIRST);
        Path archive = directory.resolve("20260101T000000Z.s1.tar.gz");
        byte[] bytes = Files.readAllBytes(archive);
        Files.write(archive, Arrays.copyOf(bytes, 5_000));

        failure(request().retries(0), SluiceException.class, "s1.tar.gz");

        assertThat(server.files("db/a.b c/101")).isEmpty();
    }

    @Test
    void policyOrShardThatIsNotInTheBackupIsAnError() {
        backup(FIRST);

        failure(
                request()
                        .selection(new Selection(
                                Optional.of("db"),
                                Optional.of("no"),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty())),
                NotThere.class,
                "retention policy 'no'");
        failure(
                request()
                        .selection(new Selection(
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(99L),
                                Optional.empty(),
                                Optional.empty())),
                NotThere.class,
                "shard 99");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void aCancelResetsTheUploadSoThatNothingIsInstalled() {
        backup(FIRST);
        var reset = new CompletableFuture<Boolean>();
        var begun = new CompletableFuture<Void>();
        server.when(request -> request.type() == 7
                ? Optional.of(conversation -> {
                    conversation.receive(1_000);
                    begun.complete(null);
                    Thread.sleep(300);
                    reset.complete(conversation.awaitReset());
                })
                : Optional.empty());

        var running = engine.restore(request().build()).subscribe();
        begun.join();
        running.dispose();

        assertThat(reset).succeedsWithin(PATIENCE);
        assertThat(server.files("db/a.b c/101")).isEmpty();
    }

    @Test
    void severalServersGetTheSame() {
        backup(FIRST, SECOND, OTHER);
        try (var second = new FakeInfluxd()) {
            CopyReport report =
                    restore(RestoreRequest.of(new End.Portable(directory), server.address(), second.address()));

            assertThat(report.complete()).isTrue();
            assertThat(report.location())
                    .contains(server.address().toString(), second.address().toString());
            assertThat(second.files()).hasSize(3);
            second.files()
                    .forEach((shard, files) ->
                            assertThat(server.files().get(shard)).containsExactlyEntriesOf(files));
        }
    }

    @Test
    void aServerThatStallsLeavesTheGroupAndTheOthersGoOn() {
        backup(FIRST, SECOND, OTHER);
        try (var second = new FakeInfluxd()) {
            second.when(request -> request.type() == 7
                    ? Optional.of(conversation -> {
                        conversation.receiveArchive();
                        conversation.awaitReset();
                    })
                    : Optional.empty());

            CopyReport report =
                    restore(RestoreRequest.of(new End.Portable(directory), server.address(), second.address())
                            .concurrency(1)
                            .retries(1)
                            .timeouts(new Timeouts(PATIENCE, Duration.ofMillis(700), Duration.ofMillis(700))));

            assertThat(report.complete()).isFalse();
            assertThat(report.stored()).hasSize(3);
            assertThat(server.files())
                    .allSatisfy((shard, files) -> assertThat(files).hasSize(2));
            assertThat(second.files())
                    .allSatisfy((shard, files) -> assertThat(files).isEmpty());
            assertThat(report.notices())
                    .filteredOn(notice -> notice.kind() == Notice.Kind.MISSING)
                    .singleElement()
                    .asString()
                    .contains(second.address().toString())
                    .contains("has 0 shards and lacks 3")
                    .contains("other/rp/3");
            assertThat(second.requests())
                    .as("two attempts at the first shard, and it is out")
                    .filteredOn(request -> request.type() == 7)
                    .hasSize(2);
        }
    }

    /** A stream is read once, so what one server did not take cannot be sent to it again. */
    @Test
    void aServerThatFailsLeavesTheOthersWhatAStreamHas() {
        Map<ShardRef, Map<String, byte[]>> shards = new LinkedHashMap<>();
        List.of(FIRST, SECOND, OTHER).forEach(shard -> shards.put(shard, filesOf(shard)));
        byte[] stream = StreamArchiveTest.archive(new MemoryShards(shards), Compression.NONE);
        try (var second = new FakeInfluxd()) {
            var uploads = new AtomicInteger();
            second.when(request -> request.type() == 7 && uploads.getAndIncrement() == 0
                    ? Optional.of(Conversation::reset)
                    : Optional.empty());

            CopyReport report = Objects.requireNonNull(engine.restore(
                            RestoreRequest.of(new End.Stream(), server.address(), second.address())
                                    .build(),
                            MemoryShards.chunks(stream))
                    .ofType(Event.Finished.class)
                    .map(Event.Finished::report)
                    .blockLast(PATIENCE));

            assertThat(report.stored()).hasSize(3);
            assertThat(server.files())
                    .allSatisfy((shard, files) -> assertThat(files).hasSize(2));
            assertThat(report.notices())
                    .filteredOn(notice -> notice.kind() == Notice.Kind.MISSING)
                    .singleElement()
                    .asString()
                    .contains(second.address().toString())
                    .contains("lacks")
                    .contains("db/a.b c/1");
        }
    }

    @Test
    void aServerThatFailsOnceGetsWhatItMissedAfterwards() {
        backup(FIRST, SECOND);
        try (var second = new FakeInfluxd()) {
            var uploads = new AtomicInteger();
            second.when(request -> request.type() == 7 && uploads.getAndIncrement() == 0
                    ? Optional.of(Conversation::reset)
                    : Optional.empty());

            CopyReport report =
                    restore(RestoreRequest.of(new End.Portable(directory), server.address(), second.address()));

            assertThat(report.complete()).as(report.toString()).isTrue();
            assertThat(report.retries()).isEqualTo(1);
            assertThat(second.files())
                    .allSatisfy((shard, files) -> assertThat(files).hasSize(2));
            assertThat(server.requests())
                    .as("the one that had it was not sent it again")
                    .filteredOn(request -> request.type() == 7)
                    .hasSize(2);
        }
    }

    @Test
    void aServerThatCannotBeReachedIsLeftOutAndNamed() {
        backup(FIRST);

        CopyReport report = restore(
                RestoreRequest.of(new End.Portable(directory), new ServerAddress("127.0.0.1", 1), server.address())
                        .retries(0));

        assertThat(report.complete()).isFalse();
        assertThat(server.files("db/a.b c/101")).hasSize(2);
        assertThat(report.notices())
                .anySatisfy(notice -> assertThat(notice.message()).contains("127.0.0.1:1 has nothing"));
    }

    private static Script refusal() {
        return conversation -> {
            Request request = conversation.request();
            conversation.receive(Integer.parseInt(request.field("UploadSize")));
            conversation.send(
                    ByteBuffer.allocate(16).putLong(0x59590101L).putLong(0).array());
        };
    }

    private RestoreRequest.Builder request() {
        return RestoreRequest.of(new End.Portable(directory), server.address());
    }

    private CopyReport restore() {
        return restore(request());
    }

    private CopyReport restore(RestoreRequest.Builder request) {
        CopyReport report = engine.restoreReport(request.build()).block(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }

    private SluiceException failure(
            RestoreRequest.Builder request, Class<? extends SluiceException> type, String... words) {
        var caught = new ArrayList<Throwable>();
        engine.restore(request.build())
                .doOnNext(event -> {
                    if (event instanceof Event.Told notice) {
                        told.add(notice.notice());
                    }
                })
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectErrorSatisfies(e -> {
                    assertThat(e).isInstanceOf(type).hasMessageContainingAll(words);
                    caught.add(e);
                })
                .verify(PATIENCE);
        return (SluiceException) caught.get(0);
    }

    private static Data metadata(ShardRef... shards) {
        try {
            return Data.parseFrom(Answers.metadata(shards));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, byte[]> filesOf(ShardRef shard) {
        return Answers.tsmFiles(shard.id(), 2);
    }

    private void backup(ShardRef... shards) {
        backup(metadata(shards), shards);
    }

    private void backup(Data metadata, ShardRef... shards) {
        Map<ShardRef, byte[]> archives = new LinkedHashMap<>();
        for (ShardRef shard : shards) {
            archives.put(shard, Answers.shard(shard, filesOf(shard)));
        }
        backup(metadata, archives);
    }

    private void backup(Data metadata, Map<ShardRef, byte[]> archives) {
        PortableFiles.write(directory, metadata, archives);
    }
}
