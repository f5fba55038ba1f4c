package dev.sluice.engine.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.store.DirectoryStore;
import dev.sluice.engine.testkit.Contents;
import dev.sluice.engine.testkit.Fixtures;
import dev.sluice.engine.testkit.TestThreads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPInputStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** Portable backups that influxd made, as they are and damaged. */
class PortableSourceTest {

    private static final String VERSIONS = "dev.sluice.engine.testkit.Fixtures#versions";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ReadOptions CHAIN = new ReadOptions(true, false);
    private static final ShardRef FIRST = new ShardRef("telemetry", "autogen", 1);
    private static final ShardRef THIRD = new ShardRef("telemetry", "autogen", 3);

    /** Of all tars in {@code portable-all}, which are as long on every version. */
    private static final long RAW_BYTES = 568_320;

    @TempDir
    Path temp;

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void readsEveryShardOfAFullBackup(String version) {
        var contents = Contents.of(source(Fixtures.backup(version, "portable-all")), Selection.EVERYTHING);

        assertThat(contents)
                .hasSize(20)
                .allSatisfy((ref, files) -> assertThat(files).isNotEmpty());
        assertThat(contents.keySet())
                .extracting(ShardRef::database)
                .containsOnly("telemetry", "edge.site-7", "plant 日本");
        assertThat(contents.keySet()).extracting(ShardRef::id).isSorted();
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void knowsTimesAndLengthsBeforeItReads(String version) {
        Catalog catalog = Contents.open(source(Fixtures.backup(version, "portable-all")), Selection.EVERYTHING)
                .catalog();

        assertThat(catalog.rawBytes()).hasValue(RAW_BYTES);
        assertThat(catalog.shards()).allSatisfy(entry -> {
            assertThat(entry.time()).isPresent();
            assertThat(entry.rawBytes()).isPresent();
        });
        assertThat(catalog.notices()).isEmpty();
        assertThat(catalog.notOffered()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"portable-db-rp, 3", "portable-deletes, 8", "portable-range, 8", "portable-two-runs, 20"})
    void readsWhatEveryKindOfRunLeft(String directory, int shards) {
        for (String version : Fixtures.VERSIONS) {
            var contents = Contents.of(source(Fixtures.backup(version, directory)), Selection.EVERYTHING);

            assertThat(contents).as(version).hasSize(shards);
        }
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void keepsTombstonesBeforeTheirFiles(String version) {
        var files = Contents.of(source(Fixtures.backup(version, "portable-deletes")), FIRST);

        assertThat(List.copyOf(files.keySet()))
                .anyMatch(name -> name.endsWith(".tombstone"))
                .isSorted();
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void selectsByDatabasePolicyShardAndTime(String version) {
        Path directory = Fixtures.backup(version, "portable-all");
        Selection policy = new Selection(
                Optional.of("edge.site-7"),
                Optional.of("one.week"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        Selection shard =
                new Selection(Optional.empty(), Optional.empty(), Optional.of(15L), Optional.empty(), Optional.empty());
        Instant start = Contents.open(source(directory), Selection.EVERYTHING)
                .catalog()
                .shards()
                .get(1)
                .time()
                .orElseThrow()
                .start();
        Selection time = new Selection(
                Optional.of("telemetry"),
                Optional.of("autogen"),
                Optional.empty(),
                Optional.of(new TimeRange(start, start)),
                Optional.empty());

        assertThat(refs(directory, policy)).extracting(ShardRef::id).containsExactly(12L, 13L, 14L);
        assertThat(refs(directory, shard)).containsExactly(new ShardRef("plant 日本", "autogen", 15));
        assertThat(refs(directory, time)).containsExactly(new ShardRef("telemetry", "autogen", 2));
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void newestRunCountsShardByShard(String version) {
        Path both = Fixtures.backup(version, "portable-two-runs");
        var combined = Contents.of(source(both), Selection.EVERYTHING);
        var older = Contents.of(source(Fixtures.backup(version, "portable-all")), Selection.EVERYTHING);

        assertThat(combined.get(THIRD)).isNotEqualTo(older.get(THIRD)).hasSize(2);
        combined.forEach((ref, files) -> {
            if (!ref.equals(THIRD)) {
                assertThat(files).as(ref.toString()).isEqualTo(older.get(ref));
            }
        });
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void anArchiveWithoutFilesIsNotTakenForTheNewest(String version) {
        Path directory = Fixtures.backup(version, "portable-since");

        Catalog catalog = Contents.open(source(directory), Selection.EVERYTHING).catalog();
        var contents = Contents.of(source(directory), Selection.EVERYTHING);

        assertThat(contents.get(FIRST)).isNotEmpty();
        assertThat(contents.get(THIRD)).as("the increment, as influxd takes it").hasSize(1);
        assertThat(catalog.notices())
                .extracting(Notice::kind)
                .containsExactly(Notice.Kind.WARNING, Notice.Kind.MISSING);
        assertThat(catalog.notices().get(1).message()).contains(THIRD.toString());
        assertThat(catalog.notices().get(1).hint()).contains("--chain");
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void b8ChainPutsIncrementsTogether(String version) {
        Path directory = Fixtures.backup(version, "portable-since");
        Path full = directoryWith(directory, name -> !name.startsWith(lastStamp(directory)));

        var chained = Contents.of(source(directory, CHAIN), Selection.EVERYTHING);
        var base = Contents.of(source(full), Selection.EVERYTHING);
        Catalog catalog =
                Contents.open(source(directory, CHAIN), Selection.EVERYTHING).catalog();

        assertThat(chained.get(THIRD)).containsAllEntriesOf(base.get(THIRD)).hasSize(3);
        assertThat(chained.get(FIRST)).isEqualTo(base.get(FIRST));
        assertThat(catalog.notices()).singleElement().satisfies(notice -> {
            assertThat(notice.message()).contains(THIRD.toString()).doesNotContain(FIRST.toString());
            assertThat(notice.hint()).contains("come back");
        });
    }

    @Test
    void laterFileOfTheSameNameWinsInAChainAndTombstonesComeFirst() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-since", temp.resolve("chain"));
        Path deletes = Fixtures.backup("1.8.10", "portable-deletes");
        Path newest;
        try (var files = Files.list(deletes)) {
            newest = files.filter(f -> f.toString().endsWith(".s3.tar.gz"))
                    .findFirst()
                    .orElseThrow();
        }
        Path archive = directory.resolve(lastStamp(directory) + ".s3.tar.gz");
        Files.write(archive, Files.readAllBytes(newest));
        Path manifest = directory.resolve(lastStamp(directory) + ".manifest");
        Files.writeString(manifest, Files.readString(manifest).replace("\"size\": 2048", "\"size\": 30208"));
        var of = new ShardRef("telemetry", "autogen", 1);
        Path first = directory.resolve(lastStamp(directory) + ".s1.tar.gz");
        Path deleted = deletes.resolve(newest.getFileName().toString().replace(".s3.", ".s1."));
        Files.write(first, Files.readAllBytes(deleted));
        Files.writeString(manifest, Files.readString(manifest).replaceFirst("\"size\": 1024", "\"size\": 55808"));

        var contents = Contents.of(source(directory, CHAIN), of);

        assertThat(contents).isEqualTo(Contents.of(source(deletes), of));
        List<String> names = List.copyOf(contents.keySet());
        assertThat(names.get(0)).endsWith(".tombstone");
        assertThat(names.subList(1, names.size())).noneMatch(name -> name.endsWith(".tombstone"));
    }

    @Test
    void archivesMayBeGzipOrPlainWhateverTheirName() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("plain"));
        var before = Contents.of(source(directory), Selection.EVERYTHING);
        for (String name : Fixtures.names(directory)) {
            if (name.endsWith(".s2.tar.gz")) {
                Path file = directory.resolve(name);
                byte[] tar;
                try (var in = new GZIPInputStream(Files.newInputStream(file))) {
                    tar = in.readAllBytes();
                }
                Files.write(file, tar);
            }
        }

        assertThat(Contents.of(source(directory), Selection.EVERYTHING)).isEqualTo(before);
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void b12NamesThatAManifestLacksComeFromTheMetadata(String version) throws IOException {
        Path directory = Fixtures.copy(version, "portable-db-rp", temp.resolve(version));
        edit(directory, text -> text.replace("\"telemetry\"", "\"\"").replace("\"autogen\"", "\"bogus\""));

        assertThat(refs(directory, Selection.EVERYTHING.withDatabase("telemetry")))
                .extracting(ShardRef::policy)
                .containsExactly("autogen", "autogen", "autogen");
        assertThat(Contents.of(source(directory), FIRST)).isNotEmpty();
    }

    @Test
    void r3AMissingArchiveIsAnError() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("missing"));
        delete(directory, ".s2.tar.gz");

        assertRefused(directory, Selection.EVERYTHING, NotThere.class, ".s2.tar.gz", "telemetry/autogen/2");
        delete(directory, ".s3.tar.gz");
        assertRefused(directory, Selection.EVERYTHING, NotThere.class, "1 more", "telemetry/autogen/3");
        assertThat(refs(
                        directory,
                        new Selection(
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(1L),
                                Optional.empty(),
                                Optional.empty())))
                .containsExactly(FIRST);
    }

    @Test
    void aMissingArchiveFailsItsShardOnlyWhenErrorsAreSkipped() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("skip"));
        delete(directory, ".s2.tar.gz");
        SourceSession session = Contents.open(source(directory, new ReadOptions(false, true)), Selection.EVERYTHING);

        assertThat(session.catalog().shards()).hasSize(3);
        Contents.read(session, new ShardRef("telemetry", "autogen", 2))
                .parts()
                .as(StepVerifier::create)
                .verifyError(NotThere.class);
        assertThat(Contents.files(Contents.read(session, THIRD).parts()).block(PATIENCE))
                .isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 600, 5_000, 20_000})
    void aTruncatedArchiveFailsItsShardBeforeItsEnd(int length) throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("cut"));
        Path archive = file(directory, ".s1.tar.gz");
        Files.write(archive, Arrays.copyOf(Files.readAllBytes(archive), length));

        assertShardFails(directory, FIRST);
    }

    @Test
    void b2BytesOfAFailedAttemptInFrontAreDamage() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("glued"));
        Path archive = file(directory, ".s1.tar.gz");
        byte[] tar;
        try (var in = new GZIPInputStream(Files.newInputStream(archive))) {
            tar = in.readAllBytes();
        }
        Files.write(archive, Arrays.copyOf(tar, 10_000));
        Files.write(archive, tar, StandardOpenOption.APPEND);

        assertShardFails(directory, FIRST);
    }

    @Test
    void b14ATailOfALongerFileIsDamage() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("tail"));
        Path archive = file(directory, ".s1.tar.gz");
        Files.write(archive, new byte[] {1, 2, 3, 4}, StandardOpenOption.APPEND);

        assertShardFails(directory, FIRST);
    }

    @Test
    void anArchiveOfAnotherShardIsDamage() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("other"));
        Files.write(file(directory, ".s1.tar.gz"), Files.readAllBytes(file(directory, ".s2.tar.gz")));

        assertShardFails(directory, FIRST);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 12, 100, 900})
    void b4CutMetadataIsDamageAndNotAnEmptyDatabase(int length) throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("meta"));
        Path meta = file(directory, ".meta");
        byte[] whole = Files.readAllBytes(meta);
        Files.write(meta, Arrays.copyOf(whole, length));
        assertRefused(directory, Selection.EVERYTHING, FormatDamaged.class, ".meta");

        Files.write(meta, Arrays.copyOf(Arrays.copyOf(whole, length), whole.length));
        assertRefused(directory, Selection.EVERYTHING, FormatDamaged.class, ".meta");
    }

    @Test
    void missingMetadataIsNamed() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("nometa"));
        delete(directory, ".meta");

        assertRefused(directory, Selection.EVERYTHING, NotThere.class, ".meta", ".manifest", "missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not json", "[]", "{\"meta\":{\"fileName\":\"x.meta\",\"size\":1}", "{\"files\":[]}"})
    void aDamagedManifestIsNamed(String content) throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("manifest"));
        edit(directory, text -> content);

        assertRefused(directory, Selection.EVERYTHING, FormatDamaged.class, ".manifest");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../evil.tar.gz", "/etc/passwd", "sub/x.tar.gz", "..\\\\x", ".hidden"})
    void aManifestCannotLeadOutOfItsDirectory(String name) throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("escape"));
        edit(
                directory,
                text -> text.replaceFirst("\"[0-9TZ]+\\.s1\\.tar\\.gz\"", "\"" + name.replace("\\", "\\\\") + "\""));

        assertRefused(directory, Selection.EVERYTHING, FormatDamaged.class, "cannot be in its directory");
    }

    @Test
    void oneFileForTwoShardsIsDamage() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("twice"));
        edit(directory, text -> text.replace(".s2.tar.gz", ".s1.tar.gz"));

        assertRefused(directory, Selection.EVERYTHING, FormatDamaged.class, "two shards");
    }

    @Test
    void keysThatNobodyKnowsAreIgnored() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("keys"));
        edit(directory, text -> text.replaceFirst("\\{", "{\"future\": {\"a\": [1, {\"b\": null}]},"));

        assertThat(refs(directory, Selection.EVERYTHING)).hasSize(3);
    }

    @Test
    void anEmptyDirectoryAndAnUnfinishedRunAreToldApart() throws IOException {
        assertRefused(temp, Selection.EVERYTHING, NotThere.class, "is empty");
        assertRefused(temp.resolve("none"), Selection.EVERYTHING, NotThere.class, "does not exist");

        Path unfinished = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("unfinished"));
        delete(unfinished, ".manifest");
        assertRefused(unfinished, Selection.EVERYTHING, NotThere.class, "3 archives", "not completed");
        assertRefused(Fixtures.backup("1.8.10", "legacy"), Selection.EVERYTHING, NotThere.class, "no portable backup");
    }

    @Test
    void r6WhatIsNotInTheBackupIsNamed() {
        Path directory = Fixtures.backup("1.8.10", "portable-db-rp");

        assertRefused(directory, Selection.EVERYTHING.withDatabase("nope"), NotThere.class, "'nope'", "in the backup");
        assertRefused(
                directory,
                Selection.EVERYTHING.withDatabase("edge.site-7"),
                NotThere.class,
                "no archive of what was asked for");
        assertRefused(
                directory,
                new Selection(
                        Optional.of("telemetry"),
                        Optional.of("bogus"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                NotThere.class,
                "'bogus'");
        assertRefused(
                directory,
                new Selection(Optional.empty(), Optional.empty(), Optional.of(99L), Optional.empty(), Optional.empty()),
                NotThere.class,
                "99");
        assertRefused(
                directory,
                new Selection(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(Instant.EPOCH)),
                InvalidRequest.class,
                "since");
    }

    @Test
    void b10AManifestOfAFailedRunIsNoBackup() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("failed"));
        edit(directory, text -> text.replaceFirst("(?s)\"files\": \\[.*\\]", "\"files\": null"));

        assertRefused(directory, Selection.EVERYTHING, NotThere.class, "no shard at all");
    }

    @Test
    void aRunOfAnotherServerIsLeftOutAndNamed() throws IOException {
        Path directory = Fixtures.copy("1.6.7", "portable-all", temp.resolve("mixed"));
        Fixtures.copy(Fixtures.backup("1.8.10", "portable-db-rp"), directory);

        SourceSession session = Contents.open(source(directory), Selection.EVERYTHING);

        assertThat(session.catalog().shards()).hasSize(3);
        assertThat(session.catalog().notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("another server", "20 shards"));
    }

    @Test
    void b3GapsInAPolicyAreTold() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("gap"));
        edit(directory, text -> text.replaceFirst("(?s),\\s+\\{[^{]*\"shardID\": 2,[^}]*\\}", ""));

        Catalog catalog = Contents.open(source(directory), Selection.EVERYTHING).catalog();

        assertThat(catalog.shards()).hasSize(2);
        assertThat(catalog.notices())
                .extracting(Notice::message)
                .hasSize(2)
                .anySatisfy(message -> assertThat(message).contains("telemetry/autogen/2"))
                .anySatisfy(message -> assertThat(message).contains("1 file", "belongs to no restore point"));
    }

    /** Made up by the documented format. */
    @Test
    void ofCopiesInAnEnterpriseBackupTheNewestCounts() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("enterprise"));
        String one = "(?s)(\\{\\s+\"database\": \"telemetry\",\\s+\"policy\": \"autogen\",\\s+\"shardID\": 1,.*?\\})";
        edit(
                directory,
                text -> text.replace("\"limited\": false", "\"limited\": true")
                        .replaceFirst(
                                one,
                                enterpriseCopy(1, "gone.s1.tar.gz", 100) + ", " + enterpriseCopy(1, "s2.s1.tar.gz", 300)
                                        + ", " + enterpriseCopy(1, "gone.too.tar.gz", 300) + ", "
                                        + enterpriseCopy(1, "old.tar.gz", 200))
                        .replaceFirst(
                                "\\}$", ", \"database\": \"telemetry\", \"policy\": \"autogen\", \"shard_id\": 1}"));
        Files.move(file(directory, ".s1.tar.gz"), directory.resolve("s2.s1.tar.gz"));

        assertThat(Contents.of(source(directory), Selection.EVERYTHING))
                .isEqualTo(Contents.of(source(Fixtures.backup("1.8.10", "portable-db-rp")), Selection.EVERYTHING));
    }

    /** Made up by the documented format. */
    @Test
    void aGreaterTimeOfAnEnterpriseBackupCountsMoreThanANewerRun() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-two-runs", temp.resolve("times"));
        edit(directory, text -> text.replaceFirst("(?s)(\"shardID\": 3,.*?\"lastModified\": )0", "$11"));

        assertThat(Contents.of(source(directory), THIRD))
                .isEqualTo(Contents.of(source(Fixtures.backup("1.8.10", "portable-all")), THIRD));
    }

    private static String enterpriseCopy(long shard, String file, long modified) {
        return "{\"database\": \"telemetry\", \"policy\": \"autogen\", \"shardID\": %d, \"fileName\": \"%s\", \"size\": 54784, \"lastModified\": %d}"
                .formatted(shard, file, modified);
    }

    @Test
    void sizesThatDoNotMatchAreToldWhenThePartsAreRight() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("size"));
        edit(directory, text -> text.replaceFirst("54784", "99999"));
        SourceSession session = Contents.open(source(directory), Selection.EVERYTHING);

        assertThat(Contents.files(Contents.read(session, FIRST).parts()).block(PATIENCE))
                .isNotEmpty();
        assertThat(session.end().block(PATIENCE))
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("54784", "99999"));
    }

    @Test
    void aCancelInTheMiddleReleasesEverything() {
        SourceSession session = Contents.open(source(Fixtures.backup("1.8.10", "portable-all")), Selection.EVERYTHING);
        for (int parts = 1; parts < 12; parts++) {
            int some = parts;
            session.shards()
                    .flatMap(read -> read.parts().doOnNext(ShardPart::release).take(some), 4, 1)
                    .as(StepVerifier::create)
                    .thenConsumeWhile(part -> true)
                    .expectComplete()
                    .verify(PATIENCE);
        }
    }

    private static PortableSource source(Path directory) {
        return source(directory, ReadOptions.STRICT);
    }

    private static PortableSource source(Path directory, ReadOptions options) {
        return new PortableSource(DirectoryStore.existing(directory, TestThreads.FILES), directory.toString(), options);
    }

    private static List<ShardRef> refs(Path directory, Selection selection) {
        return Contents.open(source(directory), selection).catalog().shards().stream()
                .map(Catalog.Entry::ref)
                .toList();
    }

    private static void assertRefused(
            Path directory, Selection selection, Class<? extends SluiceException> type, String... words) {
        source(directory)
                .open(selection)
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e).isInstanceOf(type).hasMessageContainingAll(words))
                .verify(PATIENCE);
    }

    private static void assertShardFails(Path directory, ShardRef ref) {
        SourceSession session = Contents.open(source(directory), Selection.EVERYTHING);
        Flux<ShardPart> parts = Contents.read(session, ref).parts().doOnNext(ShardPart::release);
        parts.doOnNext(part -> assertThat(part).isNotInstanceOf(ShardPart.ShardEnd.class))
                .as(StepVerifier::create)
                .thenConsumeWhile(part -> true)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOfAny(FormatDamaged.class, CompressedDataDamaged.class)
                        .asInstanceOf(InstanceOfAssertFactories.type(SluiceException.class))
                        .matches(damage -> !damage.worthRetrying())
                        .satisfies(damage -> assertThat(damage.getMessage()).contains(".tar.gz")))
                .verify(PATIENCE);
    }

    @Test
    void namesWhatAKilledRunHasLeft() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-two-runs", temp.resolve("left"));
        String stamp = lastStamp(directory);
        Files.delete(directory.resolve(stamp + ".manifest"));
        Files.write(directory.resolve("." + stamp + ".s9.tar.gz.0badcafe.pending"), new byte[7]);

        Catalog catalog = Contents.open(source(directory), Selection.EVERYTHING).catalog();

        assertThat(catalog.notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.WARNING);
            assertThat(notice.message()).contains("belong to no restore point", stamp + ".*", "." + stamp + ".*");
            assertThat(notice.hint()).contains("Delete them");
        });
    }

    @Test
    void aDirectoryWithPendingFilesAloneIsNotCalledEmpty() throws IOException {
        Files.write(temp.resolve(".20261129T010000Z.s9.tar.gz.0badcafe.pending"), new byte[7]);

        assertRefused(temp, Selection.EVERYTHING, NotThere.class, "only 1 pending file of a run that was killed");
    }

    private static String lastStamp(Path directory) {
        return Fixtures.names(directory).stream()
                .filter(name -> name.endsWith(".manifest"))
                .map(name -> name.replace(".manifest", ""))
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    private Path directoryWith(Path from, Predicate<String> names) {
        Path to = Fixtures.copy(from, temp.resolve("part"));
        Consumer<String> remove = name -> {
            try {
                Files.delete(to.resolve(name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
        Fixtures.names(to).stream().filter(names.negate()).forEach(remove);
        return to;
    }

    private static Path file(Path directory, String suffix) {
        return directory.resolve(Fixtures.names(directory).stream()
                .filter(name -> name.endsWith(suffix))
                .findFirst()
                .orElseThrow());
    }

    private static void delete(Path directory, String suffix) throws IOException {
        Files.delete(file(directory, suffix));
    }

    private static void edit(Path directory, UnaryOperator<String> change) throws IOException {
        Path manifest = file(directory, ".manifest");
        Files.write(manifest, change.apply(Files.readString(manifest)).getBytes(StandardCharsets.UTF_8));
    }
}
