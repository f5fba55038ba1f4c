package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.DirectoriesInUse;
import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.DataDirectorySource;
import dev.sluice.engine.source.PortableSource;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.store.DirectoryStore;
import dev.sluice.engine.target.DataDirectoryTarget;
import dev.sluice.engine.target.DataOptions;
import dev.sluice.engine.target.LiveOptions;
import dev.sluice.engine.target.TargetSession;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.Contents;
import dev.sluice.engine.testkit.Fixtures;
import dev.sluice.engine.testkit.TestThreads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.test.StepVerifier;

/** Restores into a stopped server's directories, and reads them. */
class DataDirectoryTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ShardRef OTHER = new ShardRef("other", "rp", 41);

    private static final Path TSM = Path.of("src/test/resources/fixtures/tsm");

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    private Path data;
    private Path meta;
    private End.Data directories;

    @BeforeEach
    void directories() throws IOException {
        data = Files.createDirectories(temp.resolve("influxdb/data"));
        meta = data.resolveSibling("meta");
        directories = new End.Data(data, Optional.empty(), Optional.empty());
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @CsvSource({"portable-all, 20", "portable-deletes, 8", "legacy, 8", "legacy-dotted, 6", "legacy-since, 8"})
    void holdsEveryFileOfABackupTombstonesToo(String backup, int shards) {
        for (String version : Fixtures.VERSIONS) {
            End.Data into = new End.Data(temp.resolve(version + "/data"), Optional.empty(), Optional.empty());
            createDirectory(into.data());

            CopyReport report = copy(CopyRequest.of(new End.Directory(Fixtures.backup(version, backup)), into));

            assertThat(report.stored()).as(version).hasSize(shards);
            Map<ShardRef, Map<String, String>> there = Contents.of(source(into), Selection.EVERYTHING);
            assertThat(there).as("an empty server keeps the ids").hasSize(shards);
            report.stored()
                    .forEach(shard -> assertThat(there.get(shard.ref()))
                            .as(shard.ref().toString())
                            .isNotNull()
                            .containsOnlyKeys(shard.files()));
        }
    }

    @Test
    void r10ShardIdsAreNumbers() throws IOException {
        List<ShardRef> refs = Stream.of(1L, 10L, 50L, 100L)
                .map(id -> new ShardRef("db", "rp", id))
                .toList();
        Path legacy = Files.createDirectories(temp.resolve("legacy"));
        Files.write(legacy.resolve("meta.00"), Answers.metastore(Answers.metadata(refs.toArray(ShardRef[]::new))));
        for (ShardRef ref : refs) {
            Files.write(legacy.resolve("db.rp.%05d.00".formatted(ref.id())), Answers.shard(ref, Map.of()));
        }

        copy(CopyRequest.of(new End.Legacy(legacy), directories));

        assertThat(Fixtures.names(data.resolve("db/rp"))).containsExactly("1", "10", "100", "50");
    }

    @Test
    void r11AMetastoreThatIsThereKeepsItsOtherDatabases() throws IOException {
        serverWithAnother();

        CopyReport report = copy(from("portable-db-rp"));

        assertThat(report.complete()).isTrue();
        assertThat(metastore().find("other")).isPresent();
        assertThat(metastore().locate(41).orElseThrow().ref()).isEqualTo(OTHER);
        assertThat(metastore().find("telemetry").orElseThrow().policies())
                .as("all policies, and the groups that have shards here")
                .extracting(policy -> policy.groups().size())
                .containsExactly(3, 0, 0);
        assertThat(ids("telemetry/autogen")).containsExactly("42", "43", "44");
        assertThat(metastore().toMetadata()).isNotEqualTo(Metadata.of(Answers.metadata(OTHER)));
        assertThat(data.resolve("other/rp/41/000000001-000000001.tsm")).exists();
    }

    @Test
    void newNamesAreGivenOffline() throws IOException {
        serverWithAnother();

        copy(CopyRequest.of(new End.Directory(Fixtures.backup("1.8.10", "portable-all")), directories)
                .selection(new Selection(
                        Optional.of("telemetry"),
                        Optional.of("one.week"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()))
                .mapping(new Mapping(Optional.of("copy"), Optional.of("weekly"))));

        Metastore.Database copy = metastore().find("copy").orElseThrow();
        assertThat(copy.policies()).extracting(Metastore.Policy::name).containsExactly("weekly");
        assertThat(copy.defaultPolicy()).isEqualTo("weekly");
        assertThat(ids("copy/weekly")).hasSize(3);
    }

    /** Nobody waits for the last parts, so the time can only be bounded from below. */
    @Test
    void aRateLimitHoldsForDirectoriesToo() {
        long raw = copy(from("portable-db-rp")).rawBytes();
        directories = new End.Data(temp.resolve("second/data"), Optional.empty(), Optional.empty());

        long start = System.nanoTime();
        CopyReport report = copy(from("portable-db-rp").rateLimit(raw));

        assertThat(report.complete()).isTrue();
        assertThat((System.nanoTime() - start) / 1e9).isGreaterThan(0.5);
    }

    @Test
    void aDatabaseThatExistsIsRefusedAndNothingChanges() throws IOException {
        serverWithAnother();
        copy(from("portable-db-rp"));
        byte[] before = Files.readAllBytes(meta.resolve("meta.db"));
        List<String> files = files();

        engine.copy(from("portable-db-rp").build())
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(RestoreRefused.class).hasMessageContaining("'telemetry'"))
                .verify(PATIENCE);

        assertThat(meta.resolve("meta.db")).hasBinaryContent(before);
        assertThat(files()).isEqualTo(files);
    }

    @Test
    void oneThatExistsDoesNotStopTheOthers() throws IOException {
        serverWithAnother();
        copy(from("portable-db-rp"));

        CopyReport report =
                report(CopyRequest.of(new End.Directory(Fixtures.backup("1.8.10", "portable-all")), directories));

        assertThat(report.complete()).isFalse();
        assertThat(report.missing())
                .hasSize(8)
                .allSatisfy(outcome -> assertThat(outcome).isInstanceOf(ShardOutcome.Refused.class));
        assertThat(metastore().find("plant 日本")).isPresent();
    }

    @Test
    void forceReplacesADatabaseAndItsLog() throws IOException {
        serverWithAnother();
        copy(from("portable-db-rp"));
        Path log = Files.createDirectories(data.resolveSibling("wal").resolve("telemetry/autogen/42"));
        Files.write(log.resolve("_00001.wal"), new byte[10]);

        CopyReport report = copy(from("portable-db-rp").force(true));

        assertThat(report.complete()).isTrue();
        assertThat(ids("telemetry/autogen")).containsExactly("45", "46", "47");
        assertThat(log).doesNotExist();
        assertThat(metastore().find("other")).isPresent();
    }

    @Test
    void aLogThatWasLeftOverIsNotReplayedOverWhatIsRestored() throws IOException {
        Path log = Files.createDirectories(data.resolveSibling("wal").resolve("telemetry/autogen/2"));
        Files.write(log.resolve("_00001.wal"), new byte[10]);

        copy(from("portable-db-rp"));

        assertThat(ids("telemetry/autogen")).doesNotContain("2").hasSize(3);
        assertThat(log.resolve("_00001.wal")).exists();
    }

    @Test
    void theWholeMetastoreIsReplacedWhereThatIsAskedFor() throws IOException {
        serverWithAnother();

        CopyReport report = copy(from("portable-all").replaceMetastore(true));

        assertThat(metastore().find("other")).isEmpty();
        assertThat(metastore().users()).isNotEmpty();
        assertThat(metastore().find("telemetry").orElseThrow().continuousQueries())
                .isNotEmpty();
        assertThat(report.notices()).extracting(Notice::message).anyMatch(text -> text.contains("was replaced"));
    }

    @Test
    void whatAReplacedMetastoreLeavesBehindIsNamed() throws IOException {
        copy(from("portable-db-rp"));
        List<String> before = ids("telemetry/autogen");
        Files.createDirectories(data.resolve("old/rp/7"));
        Path log = Files.createDirectories(data.resolveSibling("wal").resolve("telemetry/autogen/2"));

        CopyReport report = copy(from("portable-db-rp").replaceMetastore(true));

        assertThat(ids("telemetry/autogen")).hasSize(6);
        assertThat(report.notices())
                .filteredOn(notice -> notice.message().contains("was replaced"))
                .singleElement()
                .satisfies(notice -> assertThat(notice.message())
                        .contains("5 directories", data.resolve("old/rp") + ": 7")
                        .contains(data.resolve("telemetry/autogen") + ": " + String.join(", ", before) + "; ")
                        .endsWith(log.getParent() + ": 2"));
    }

    @Test
    void whereNothingIsLeftBehindAReplacedMetastoreIsOnlyTold() throws IOException {
        serverWithAnother();
        Path other = data.resolve("other");
        Files.move(other, temp.resolve("other"));

        CopyReport report = copy(from("portable-db-rp").replaceMetastore(true));

        assertThat(report.notices())
                .filteredOn(notice -> notice.message().contains("metastore"))
                .singleElement()
                .satisfies(notice -> assertThat(notice.kind()).isEqualTo(Notice.Kind.NOTE));
    }

    /** The original's text would go on writing into the database that has the old name. */
    @Test
    void queriesOfADatabaseWithANewNameAreAboutThat() throws IOException {
        copy(from("portable-all")
                .selection(new Selection(
                        Optional.of("telemetry"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()))
                .mapping(new Mapping(Optional.of("old one"), Optional.empty())));

        assertThat(metastore().find("old one").orElseThrow().continuousQueries())
                .extracting(Metastore.ContinuousQuery::query)
                .containsExactly("CREATE CONTINUOUS QUERY cq1 ON \"old one\" BEGIN SELECT mean(usage) INTO "
                        + "\"old one\".autogen.cpu_mean FROM \"old one\".autogen.cpu GROUP BY time(1h), * END");
    }

    @Test
    void shardsGetATsiIndexWhereTheOthersHaveOne() throws IOException {
        serverWithAnother();
        Files.createDirectories(data.resolve("other/rp/41/index/0"));

        copy(from("portable-db-rp"));

        assertThat(data.resolve("telemetry/autogen/42/index")).isEmptyDirectory();
        assertThat(data.resolve("telemetry/autogen/42/fields.idx")).doesNotExist();
    }

    @Test
    void whatFailsLeavesEverythingAsItWas() throws IOException {
        serverWithAnother();
        List<String> before = files();
        Path broken = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("broken"));
        Path archive = broken.resolve(Fixtures.names(broken).stream()
                .filter(name -> name.endsWith(".s3.tar.gz"))
                .findFirst()
                .orElseThrow());
        Files.write(archive, new byte[100]);

        engine.copy(CopyRequest.of(new End.Directory(broken), directories).build())
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectError(SluiceException.class)
                .verify(PATIENCE);

        assertThat(files()).isEqualTo(before);
    }

    @Test
    void aCancelAtAnyMomentLeavesNothing() throws Exception {
        var random = new Random(5);
        for (int i = 0; i < 20; i++) {
            var subscription = engine.copy(from("portable-all").build()).subscribe(event -> {}, e -> {});
            Thread.sleep(random.nextInt(60));
            subscription.dispose();
            for (int wait = 0; wait < 200 && !(isCleared() || Files.exists(meta.resolve("meta.db"))); wait++) {
                Thread.sleep(20);
            }
            if (Files.exists(meta.resolve("meta.db"))) {
                break;
            }
            assertThat(files()).isEmpty();
        }
    }

    @Test
    void aSecondRestoreAtTheSameTimeIsRefusedAndDisturbsNothing() throws IOException {
        serverWithAnother();
        SourceSession source =
                Contents.open(portable(Fixtures.backup("1.8.10", "portable-db-rp")), Selection.EVERYTHING);
        TargetSession first = Objects.requireNonNull(new DataDirectoryTarget(
                        directories,
                        new DataOptions(LiveOptions.DEFAULT, false, false),
                        TestThreads.FILES,
                        Clock.systemUTC())
                .begin(source.catalog())
                .block(PATIENCE));
        List<ShardOutcome> written = source.shards()
                .concatMap(shard -> first.write(shard.ref(), shard.parts(), bytes -> {}))
                .<ShardOutcome>map(receipt -> new ShardOutcome.Stored(receipt, 1, Duration.ZERO))
                .collectList()
                .block(PATIENCE);
        List<String> files = files();

        engine.copy(from("portable-all").build())
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(DirectoriesInUse.class)
                        .hasMessageContaining("another restore works on " + meta))
                .verify(PATIENCE);

        assertThat(files()).isEqualTo(files);
        first.seal(Objects.requireNonNull(written)).block(PATIENCE);
        source.close().block(PATIENCE);
        assertThat(metastore().find("telemetry")).isPresent();
        assertThat(report(from("portable-all")).stored()).as("afterwards").isNotEmpty();
        assertThat(Fixtures.names(meta)).containsExactly("meta.db");
        assertThat(metastore().shards().map(Metastore.Located::ref))
                .allSatisfy(shard -> assertThat(data.resolve(shard.toString())).isNotEmptyDirectory());
    }

    @Test
    void aProcessThatHasFilesOpenThereIsSeen() throws Exception {
        serverWithAnother();
        Path file = data.resolve("other/rp/41/000000001-000000001.tsm");
        Process holder =
                new ProcessBuilder("sh", "-c", "exec 3<'%s'; echo ready; exec sleep 60".formatted(file)).start();
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("ready");
            source(directories)
                    .open(Selection.EVERYTHING)
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(DirectoriesInUse.class)
                            .hasMessageContaining("pid " + holder.pid()))
                    .verify(PATIENCE);
            engine.copy(from("portable-db-rp").build())
                    .as(StepVerifier::create)
                    .thenConsumeWhile(event -> true)
                    .expectError(DirectoriesInUse.class)
                    .verify(PATIENCE);
        } finally {
            holder.destroyForcibly();
        }
    }

    @Test
    void aLogComesAsTheDataFileThatTheServerWouldMakeOfIt() throws IOException {
        serverWithALog(Files.readAllBytes(TSM.resolve("wal/fx_mixed/autogen/8/_00003.wal")));

        SourceSession session = Contents.open(source(directories), Selection.EVERYTHING);
        Map<String, String> files = Contents.of(source(directories), OTHER);

        assertThat(session.catalog().notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.NOTE);
            assertThat(notice.message()).contains("bytes of write-ahead log", OTHER.toString());
        });
        assertThat(session.catalog().rawBytes()).as("known when it is made").isEmpty();
        Map<String, String> snapshot =
                Contents.of(portable(TSM.resolve("backup-fx_mixed")), new ShardRef("fx_mixed", "autogen", 8));
        assertThat(files)
                .containsOnlyKeys("000000001-000000001.tsm", "000000007-000000002.tsm", "000000008-000000001.tsm")
                .containsEntry(
                        "000000008-000000001.tsm",
                        snapshot.entrySet().stream()
                                .filter(file -> file.getKey().endsWith(".tsm"))
                                .map(Map.Entry::getValue)
                                .reduce((first, last) -> last)
                                .orElseThrow());
        assertThat(temp.resolve("scratch")).isEmptyDirectory();
    }

    @Test
    void aShardThatStandsOnlyInTheLogIsThere() throws IOException {
        serverWithALog(Files.readAllBytes(TSM.resolve("wal/fx_mixed/autogen/8/_00003.wal")));
        try (Stream<Path> files = Files.list(data.resolve("other/rp/41"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(data.resolve("other/rp/41"));

        assertThat(Contents.of(source(directories), OTHER)).containsOnlyKeys("000000001-000000001.tsm");
    }

    @Test
    void aTornLogIsUsedUpToItsEndAndDamageInTheMiddleIsDamage() throws IOException {
        serverWithALog(Files.readAllBytes(TSM.resolve("corrupt/waltail/wal/db/rp/1/_00003.wal")));
        CopyReport torn = report(CopyRequest.of(directories, new End.Portable(temp.resolve("torn"))));

        assertThat(torn.complete()).isTrue();
        assertThat(torn.damaged()).isFalse();
        assertThat(torn.notices())
                .filteredOn(notice -> notice.kind() == Notice.Kind.WARNING)
                .extracting(Notice::message)
                .contains("_00003.wal of shard other/rp/41 ends in the middle of an entry, after byte 278; "
                        + "influxd would cut it there too");
        assertThat(torn.stored().get(0).files()).contains("000000008-000000001.tsm");

        byte[] broken = Files.readAllBytes(TSM.resolve("wal/fx_wal/autogen/9/_00001.wal"));
        broken[149] = 9; // the type of the third entry
        serverWithALog(broken);
        CopyReport damaged = report(CopyRequest.of(directories, new End.Portable(temp.resolve("damaged"))));

        assertThat(damaged.damaged()).isTrue();
        assertThat(damaged.notices())
                .filteredOn(notice -> notice.kind() == Notice.Kind.DAMAGED)
                .extracting(Notice::message)
                .anySatisfy(message -> assertThat(message).contains("is damaged at byte 149", "unknown type 9"));
        assertThat(damaged.stored().get(0).files()).contains("000000008-000000001.tsm");
    }

    @Test
    void whatWasMadeOfALogIsGoneWhereverTheReaderStops() throws Exception {
        serverWithALog(Files.readAllBytes(TSM.resolve("wal/fx_mixed/autogen/8/_00003.wal")));
        SourceSession session = Contents.open(source(directories), Selection.EVERYTHING);
        for (int parts = 1; parts < 10; parts++) {
            Contents.read(session, OTHER)
                    .parts()
                    .doOnNext(ShardPart::release)
                    .as(flux -> StepVerifier.create(flux, 0))
                    .thenRequest(parts)
                    .expectNextCount(parts)
                    .thenCancel()
                    .verify(PATIENCE);
        }
        Path scratch = temp.resolve("scratch");
        for (int i = 0; i < 1000 && !Fixtures.names(scratch).isEmpty(); i++) {
            Thread.sleep(10); // a cancel does not wait for the removal
        }
        assertThat(scratch).isEmptyDirectory();
    }

    @Test
    void whatIsNotThereOrBrokenIsSaid() throws IOException {
        assertSourceFails(directories, NotThere.class);
        assertSourceFails(new End.Data(temp.resolve("none"), Optional.empty(), Optional.empty()), NotThere.class);
        Files.createDirectories(meta);
        Files.write(meta.resolve("meta.db"), new byte[] {1, 2, 3});
        assertSourceFails(directories, FormatDamaged.class);
    }

    @Test
    void aColdBackupHoldsWhatWasRestored() {
        copy(from("portable-deletes"));
        Path cold = temp.resolve("cold");

        CopyReport report = copy(CopyRequest.of(directories, new End.Directory(cold)));

        assertThat(report.stored())
                .allSatisfy(shard -> assertThat(shard.rawBytes()).isPositive());
        assertThat(Contents.of(portable(cold), Selection.EVERYTHING))
                .isEqualTo(Contents.of(portable(Fixtures.backup("1.8.10", "portable-deletes")), Selection.EVERYTHING));
    }

    /** A stopped server that has one database of its own. */
    private void serverWithAnother() throws IOException {
        Files.createDirectories(meta);
        Files.write(meta.resolve("meta.db"), Answers.metadata(OTHER));
        Path shard = Files.createDirectories(data.resolve("other/rp/41"));
        Files.write(shard.resolve("000000001-000000001.tsm"), new byte[] {1, 2, 3});
    }

    /** With the two data files of a real shard, and a log. */
    private void serverWithALog(byte[] segment) throws IOException {
        serverWithAnother();
        Path shard = data.resolve("other/rp/41");
        Path fixture = TSM.resolve("data/fx_mixed/autogen/8");
        Files.write(
                shard.resolve("000000001-000000001.tsm"),
                Files.readAllBytes(fixture.resolve("000000001-000000001.tsm")));
        Files.write(
                shard.resolve("000000007-000000002.tsm"),
                Files.readAllBytes(fixture.resolve("000000002-000000001.tsm")));
        Path log = Files.createDirectories(data.resolveSibling("wal").resolve("other/rp/41"));
        Files.write(log.resolve("_00003.wal"), segment);
    }

    private CopyRequest.Builder from(String backup) {
        return CopyRequest.of(new End.Directory(Fixtures.backup("1.8.10", backup)), directories);
    }

    private CopyReport copy(CopyRequest.Builder request) {
        CopyReport report = report(request);
        assertThat(report.outcomes())
                .allSatisfy(outcome -> assertThat(outcome).isInstanceOf(ShardOutcome.Stored.class));
        return report;
    }

    private CopyReport report(CopyRequest.Builder request) {
        return Objects.requireNonNull(engine.copy(request.build())
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE));
    }

    private Metastore metastore() throws IOException {
        return Metastore.decode(Metadata.of(Files.readAllBytes(meta.resolve("meta.db"))));
    }

    private List<String> ids(String policy) {
        return Fixtures.names(data.resolve(policy));
    }

    /** Asked while files are being removed, which a walk over them may stumble on. */
    private boolean isCleared() throws IOException {
        try {
            return files().isEmpty();
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.walk(data)) {
            return all.filter(path -> !path.equals(data))
                    .map(Path::toString)
                    .sorted()
                    .toList();
        }
    }

    private static void createDirectory(Path directory) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Source source(End.Data directories) {
        return new DataDirectorySource(
                directories,
                new ReadOptions(false, false, false, temp.resolve("scratch")),
                TestThreads.FILES,
                Clock.systemUTC());
    }

    private static Source portable(Path directory) {
        return new PortableSource(
                DirectoryStore.existing(directory, TestThreads.FILES), directory.toString(), ReadOptions.STRICT);
    }

    private void assertSourceFails(End.Data directories, Class<? extends SluiceException> type) {
        source(directories)
                .open(Selection.EVERYTHING)
                .as(StepVerifier::create)
                .expectError(type)
                .verify(PATIENCE);
    }
}
