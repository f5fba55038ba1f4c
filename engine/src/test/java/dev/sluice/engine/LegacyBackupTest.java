package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.copy.Copy;
import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.LegacySource;
import dev.sluice.engine.source.PortableSource;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.DirectoryStore;
import dev.sluice.engine.target.LegacyTarget;
import dev.sluice.engine.target.PortableTarget;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.Contents;
import dev.sluice.engine.testkit.Fixtures;
import dev.sluice.engine.testkit.TestThreads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** Legacy backups of influxd are read, and written byte for byte. */
class LegacyBackupTest {

    private static final String VERSIONS = "dev.sluice.engine.testkit.Fixtures#versions";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Scheduler FILES = TestThreads.FILES;
    private static final ShardRef FIRST = new ShardRef("telemetry", "autogen", 1);
    private static final ShardRef THIRD = new ShardRef("telemetry", "autogen", 3);

    private static final ShardRef CHAINED = new ShardRef("db", "rp", 7);

    @TempDir
    Path temp;

    @ParameterizedTest
    @CsvSource({
        "legacy, portable-all, telemetry",
        "legacy-dotted, portable-all, edge.site-7",
        "legacy-deletes, portable-deletes, telemetry"
    })
    void holdsTheSameAsThePortableBackupOfThatMoment(String legacy, String portable, String database) {
        for (String version : Fixtures.VERSIONS) {
            Selection selection = Selection.EVERYTHING.withDatabase(database);

            assertThat(Contents.of(legacy(Fixtures.backup(version, legacy)), selection))
                    .as(version)
                    .isNotEmpty()
                    .isEqualTo(Contents.of(portable(Fixtures.backup(version, portable)), selection));
        }
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void incrementsAddUpInTheirOrder(String version) {
        Path directory = Fixtures.backup(version, "legacy-since");
        Source chained = new PortableSource(
                DirectoryStore.existing(Fixtures.backup(version, "portable-since"), FILES),
                "",
                new ReadOptions(true, false));

        var contents = Contents.of(legacy(directory), THIRD);

        assertThat(contents).hasSize(3);
        assertThat(contents.keySet()).isEqualTo(Contents.of(chained, THIRD).keySet());
        assertThat(notices(legacy(directory)))
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("put together", THIRD.toString()));
    }

    @ParameterizedTest
    @CsvSource({"legacy, portable-all, telemetry", "legacy-dotted, portable-all, edge.site-7"})
    void isWrittenByteForByteAsInfluxdDid(String golden, String from, String database) {
        for (String version : Fixtures.VERSIONS) {
            Path directory = temp.resolve(version + golden);

            CopyReport report = copy(
                    portable(Fixtures.backup(version, from)),
                    toLegacy(directory),
                    Selection.EVERYTHING.withDatabase(database));

            assertThat(report.complete()).isTrue();
            assertSameFiles(directory, Fixtures.backup(version, golden));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"legacy", "legacy-dotted", "legacy-deletes"})
    void goesThroughPortableAndBackWithoutALostByte(String name) {
        for (String version : Fixtures.VERSIONS) {
            Path original = Fixtures.backup(version, name);
            Path portable = temp.resolve(version + "p");
            Path legacy = temp.resolve(version + "l");

            copy(legacy(original), toPortable(portable), Selection.EVERYTHING);
            copy(portable(portable), toLegacy(legacy), Selection.EVERYTHING);

            assertSameFiles(legacy, original);
        }
    }

    @Test
    void anotherRunGetsTheNextNumbers() {
        Path from = Fixtures.backup("1.8.10", "portable-all");
        Selection shard =
                new Selection(Optional.empty(), Optional.empty(), Optional.of(3L), Optional.empty(), Optional.empty());
        copy(portable(from), toLegacy(temp), Selection.EVERYTHING.withDatabase("telemetry"));
        List<String> before = Fixtures.names(temp);

        CopyReport report = copy(portable(from), toLegacy(temp), shard);

        assertThat(report.location()).endsWith("meta.01");
        assertThat(Fixtures.names(temp))
                .containsAll(before)
                .contains("telemetry.autogen.00003.01", "meta.01")
                .hasSize(before.size() + 2);
    }

    @Test
    void tellsOfDownloadsThatWereLeftOver() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "legacy", temp);
        Files.write(directory.resolve("telemetry.autogen.00001.01.pending"), new byte[5]); // influxd's
        Files.write(directory.resolve(".telemetry.autogen.00002.01.0badcafe.pending"), new byte[6]);

        assertThat(Contents.open(legacy(directory), Selection.EVERYTHING)
                        .catalog()
                        .notices())
                .anySatisfy(notice -> assertThat(notice.message())
                        .contains("2 files of 11 bytes", "telemetry.autogen.00001.01.pending"));
        assertThat(copy(
                                portable(Fixtures.backup("1.8.10", "portable-all")),
                                toLegacy(directory),
                                Selection.EVERYTHING.withDatabase("telemetry"))
                        .notices())
                .anySatisfy(notice -> assertThat(notice.message())
                        .contains("1 file of 6 bytes", ".telemetry.autogen.00002.01.0badcafe.pending"));
    }

    @Test
    void r9NumbersAreComparedAsNumbers() throws IOException {
        Fixtures.copy("1.8.10", "legacy", temp);
        byte[] good = Files.readAllBytes(temp.resolve("meta.00"));
        Files.write(temp.resolve("meta.99"), Answers.metastore(Answers.metadata(new ShardRef("old", "rp", 1))));
        Files.write(temp.resolve("meta.100"), good);
        Files.write(temp.resolve("meta.99.pending"), new byte[5]);

        assertThat(Contents.of(legacy(temp), Selection.EVERYTHING)).hasSize(8);
    }

    @Test
    void r9IncrementsBeyondNinetyNineComeInTheirOrder() throws IOException {
        var shard = new ShardRef("db", "rp", 7);
        Files.write(temp.resolve("meta.00"), Answers.metastore(Answers.metadata(shard)));
        for (int number : new int[] {10, 100, 11}) {
            Files.write(
                    temp.resolve("db.rp.00007.%02d".formatted(number)),
                    Answers.shard(shard, Map.of("000000001-000000001.tsm", new byte[number])));
        }

        assertThat(Contents.of(legacy(temp), shard))
                .hasEntrySatisfying(
                        "000000001-000000001.tsm",
                        content -> assertThat(content).startsWith("100:"));
    }

    @Test
    void aTombstoneWithoutItsFileBelongsToTheFileOfAnOlderRun() throws IOException {
        chain(
                Map.of("000000001-000000001.tsm", new byte[10]),
                Map.of("000000001-000000001.tombstone", new byte[3]),
                Map.of("000000001-000000001.tombstone", new byte[6]));

        assertThat(sizes(CHAINED))
                .containsOnly(
                        Map.entry("000000001-000000001.tombstone", "6"), Map.entry("000000001-000000001.tsm", "10"));
    }

    /** A server that is started when a shard has no file left counts its generations from the first again. */
    @Test
    void aTombstoneDeletesNothingFromALaterFileOfTheSameName() throws IOException {
        chain(
                Map.of("000000001-000000001.tsm", new byte[10]),
                Map.of("000000001-000000001.tsm", new byte[10], "000000001-000000001.tombstone", new byte[3]),
                Map.of("000000001-000000001.tsm", new byte[20]));

        assertThat(sizes(CHAINED)).containsOnly(Map.entry("000000001-000000001.tsm", "20"));
    }

    @SafeVarargs
    private void chain(Map<String, byte[]>... runs) throws IOException {
        Files.write(temp.resolve("meta.00"), Answers.metastore(Answers.metadata(CHAINED)));
        for (int number = 0; number < runs.length; number++) {
            Files.write(temp.resolve("db.rp.00007.0" + number), Answers.shard(CHAINED, runs[number]));
        }
    }

    private Map<String, String> sizes(ShardRef shard) {
        var sizes = new TreeMap<String, String>();
        Contents.of(legacy(temp), shard)
                .forEach((name, content) -> sizes.put(name, content.substring(0, content.indexOf(':'))));
        return sizes;
    }

    @Test
    void r9ADatabaseCalledMetaAndNamesWithDotsAndGlobsAreNoTrouble() throws IOException {
        var meta = new ShardRef("meta", "autogen", 37);
        var dotted = new ShardRef("a.b", "r.p x", 2);
        var beside = new ShardRef("a", "b.r.p x", 3);
        var glob = new ShardRef("g[1]", "*", 10);
        Files.write(temp.resolve("meta.00"), Answers.metastore(Answers.metadata(meta, dotted, beside, glob)));
        Files.write(temp.resolve("meta.autogen.00037.00"), Answers.shard(meta, 1, 1, 100));
        Files.write(temp.resolve("a.b.r.p x.00002.00"), Answers.shard(dotted, 2, 2, 100));
        Files.write(temp.resolve("a.b.r.p x.00003.00"), Answers.shard(beside, 3, 3, 100));
        Files.write(temp.resolve("g[1].*.00010.00"), Answers.shard(glob, 4, 4, 100));
        Files.write(temp.resolve("a.b.r.p x.00002.01.pending"), new byte[100]);

        assertThat(Contents.of(legacy(temp), Selection.EVERYTHING))
                .hasSize(4)
                .hasEntrySatisfying(meta, files -> assertThat(files).hasSize(1))
                .hasEntrySatisfying(dotted, files -> assertThat(files).hasSize(2))
                .hasEntrySatisfying(beside, files -> assertThat(files).hasSize(3))
                .hasEntrySatisfying(glob, files -> assertThat(files).hasSize(4));
    }

    @Test
    void anArchiveWhoseEntriesDisagreeWithTheMetadataIsDamage() throws IOException {
        var told = new ShardRef("a.b", "c", 5);
        Files.write(temp.resolve("meta.00"), Answers.metastore(Answers.metadata(told)));
        Files.write(temp.resolve("a.b.c.00005.00"), Answers.shard(new ShardRef("a", "b.c", 5), 1, 1, 100));

        assertShardFails(legacy(temp), told);
    }

    @Test
    void r9TruncatedFilesAreDamageNotAPanic() throws IOException {
        Fixtures.copy("1.8.10", "legacy", temp);
        Path archive = temp.resolve("telemetry.autogen.00001.00");
        Files.write(archive, Arrays.copyOf(Files.readAllBytes(archive), 10_000));
        assertShardFails(legacy(temp), FIRST);
        Files.write(archive, new byte[0]);
        assertShardFails(legacy(temp), FIRST);

        for (int length : new int[] {0, 4, 12, 100, 1000}) {
            byte[] meta = Files.readAllBytes(Fixtures.backup("1.8.10", "legacy").resolve("meta.00"));
            Files.write(temp.resolve("meta.00"), Arrays.copyOf(meta, length));
            assertRefused(legacy(temp), Selection.EVERYTHING, FormatDamaged.class, "meta.00");
        }
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        assertRefused(legacy(temp), Selection.EVERYTHING, NotThere.class, "is empty");
        assertRefused(
                legacy(Fixtures.backup("1.8.10", "portable-all")), Selection.EVERYTHING, NotThere.class, "meta.NN");
        Fixtures.copy("1.8.10", "legacy", temp);
        assertRefused(
                legacy(temp), Selection.EVERYTHING.withDatabase("edge.site-7"), NotThere.class, "no archive of what");
        assertRefused(legacy(temp), Selection.EVERYTHING.withDatabase("nope"), NotThere.class, "'nope'");
        Files.delete(temp.resolve("telemetry.autogen.00002.00"));
        assertThat(notices(legacy(temp)))
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("telemetry/autogen/2"));
        Files.delete(temp.resolve("meta.00"));
        assertRefused(legacy(temp), Selection.EVERYTHING, NotThere.class, "7 archives and no metadata");
    }

    @Test
    void b7AMetastoreAloneIsSaidToBeNoMore() throws IOException {
        Files.copy(Fixtures.backup("1.8.10", "legacy").resolve("meta.00"), temp.resolve("meta.00"));

        assertThat(notices(legacy(temp))).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.MISSING);
            assertThat(notice.message()).contains("only the metastore");
        });
    }

    @Test
    void b14NamesTooLongForAFileAreRefusedOneByOne() {
        var fine = new ShardRef("fine", "rp", 1);
        var tooLong = new ShardRef("d".repeat(150), "r".repeat(120), 2);
        var hidden = new ShardRef(".hidden", "rp", 3);
        var catalog = new Catalog(
                Metadata.of(Answers.metadata(fine, tooLong, hidden)),
                List.of(entry(fine), entry(tooLong), entry(hidden)),
                List.of());

        var session = Objects.requireNonNull(toLegacy(temp).begin(catalog).block(PATIENCE));

        assertThat(session.refused()).containsOnlyKeys(tooLong, hidden);
        assertThat(session.abort().block(PATIENCE)).isEmpty();
        assertThat(Fixtures.names(temp)).isEmpty();
    }

    @Test
    void namesThatTheOriginalCannotRestoreAreTold() {
        CopyReport report = copy(
                portable(Fixtures.backup("1.8.10", "portable-all")),
                toLegacy(temp),
                Selection.EVERYTHING.withDatabase("edge.site-7"));

        assertThat(report.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("'edge.site-7/autogen'"));
    }

    @Test
    void aRunThatFailsLeavesNothing() throws IOException {
        Path broken = Fixtures.copy("1.8.10", "portable-all", temp.resolve("broken"));
        Path archive = broken.resolve(Fixtures.names(broken).stream()
                .filter(name -> name.endsWith(".s8.tar.gz"))
                .findFirst()
                .orElseThrow());
        Files.write(archive, new byte[100]);
        Path directory = Files.createDirectories(temp.resolve("legacy"));

        new Copy(portable(broken), toLegacy(directory), OPTIONS, Schedulers.parallel())
                .run(Selection.EVERYTHING.withDatabase("telemetry"))
                .as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectError(SluiceException.class)
                .verify(PATIENCE);

        // The shards beside the broken one were cancelled, and clean up on the store's own threads.
        Flux.interval(Duration.ofMillis(20))
                .filter(tick -> Fixtures.names(directory).isEmpty())
                .blockFirst(PATIENCE);
    }

    @Test
    void sinceIsForServers() {
        Selection since = new Selection(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(Instant.EPOCH));

        assertRefused(legacy(Fixtures.backup("1.8.10", "legacy")), since, InvalidRequest.class, "since");
    }

    private static final CopyOptions OPTIONS = new CopyOptions(
            Task.COPY, List.of(), 4, 0, OptionalLong.empty(), false, Compression.NONE, Duration.ofSeconds(1));

    private static Catalog.Entry entry(ShardRef ref) {
        return new Catalog.Entry(ref, Optional.empty(), OptionalLong.empty());
    }

    private static CopyReport copy(Source from, Target to, Selection selection) {
        CopyReport report = new Copy(from, to, OPTIONS, Schedulers.parallel())
                .run(selection)
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE);
        Objects.requireNonNull(report);
        assertThat(report.outcomes())
                .allSatisfy(outcome -> assertThat(outcome).isInstanceOf(ShardOutcome.Stored.class));
        return report;
    }

    private static Source portable(Path directory) {
        return new PortableSource(DirectoryStore.existing(directory, FILES), directory.toString(), ReadOptions.STRICT);
    }

    private static Source legacy(Path directory) {
        return new LegacySource(
                DirectoryStore.existing(directory, FILES), directory.toString(), ReadOptions.STRICT, Clock.systemUTC());
    }

    private static Target toLegacy(Path directory) {
        return new LegacyTarget(
                DirectoryStore.create(directory, FILES),
                directory.toString(),
                line(Compression.NONE),
                Digest.Algorithm.CRC32C);
    }

    private static Target toPortable(Path directory) {
        return new PortableTarget(
                DirectoryStore.create(directory, FILES),
                directory.toString(),
                line(Compression.GZIP),
                Digest.Algorithm.CRC32C,
                Selection.EVERYTHING,
                Clock.systemUTC());
    }

    private static SlabLine line(Compression compression) {
        return SlabLine.open(compression, 16 << 20, Schedulers.parallel(), 2);
    }

    private static List<Notice> notices(Source source) {
        SourceSession session = Contents.open(source, Selection.EVERYTHING);
        return session.catalog().notices();
    }

    private static void assertSameFiles(Path directory, Path expected) {
        assertThat(Fixtures.names(directory)).isEqualTo(Fixtures.names(expected));
        for (String name : Fixtures.names(expected)) {
            assertThat(directory.resolve(name)).hasSameBinaryContentAs(expected.resolve(name));
        }
    }

    private static void assertRefused(
            Source source, Selection selection, Class<? extends SluiceException> type, String words) {
        source.open(selection)
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e).isInstanceOf(type).hasMessageContaining(words))
                .verify(PATIENCE);
    }

    private static void assertShardFails(Source source, ShardRef ref) {
        Flux.defer(() -> Contents.read(Contents.open(source, Selection.EVERYTHING), ref)
                        .parts())
                .doOnNext(part -> part.release())
                .as(StepVerifier::create)
                .thenConsumeWhile(part -> true)
                .expectError(FormatDamaged.class)
                .verify(PATIENCE);
    }
}
