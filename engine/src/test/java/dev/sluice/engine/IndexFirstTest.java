package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.Contents;
import dev.sluice.engine.testkit.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.test.StepVerifier;

/** Sources whose TSM files can be read at any place: their indexes come first, and the check finds what it always finds. */
class IndexFirstTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Resources RESOURCES = new Resources(16 << 20, 2, broken -> {});
    private static final Path TSM = Path.of("src/test/resources/fixtures/tsm/data/fx_mixed/autogen/8");
    private static final ShardRef SHARD = new ShardRef("db", "rp", 1);
    private static final String NAME = "000000001-000000001.tsm";

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    private Map<String, byte[]> files = Map.of();

    /** How a shard may lie uncompressed. */
    enum Kind {
        DATA,
        LEGACY,
        PORTABLE,
        STREAM
    }

    @BeforeEach
    void shard() throws IOException {
        files = new TreeMap<>();
        for (String name : List.of("000000001-000000001", "000000002-000000001")) {
            for (String kind : List.of(".tombstone", ".tsm")) {
                files.put(name + kind, Files.readAllBytes(TSM.resolve(name + kind)));
            }
        }
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @EnumSource
    void theBlocksOfEachTsmFileAreKnownIfThatIsAskedFor(Kind kind) throws IOException {
        End end = kept(kind, Compression.NONE);
        for (boolean everyByte : new boolean[] {false, true}) {
            assertThat(known(end, everyByte, true)).containsExactlyInAnyOrder(NAME, "000000002-000000001.tsm");
            assertThat(known(end, everyByte, false)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PORTABLE", "STREAM"})
    void ofWhatIsCompressedNothingIsKnown(Kind kind) throws IOException {
        for (String codec : List.of("zstd", "gzip")) {
            assertThat(known(kept(kind, Compression.parse(codec)), true, true)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFlippedBitIsFoundAndTheReportIsThatOfACompressedBackup(Kind kind) throws IOException {
        CopyReport sound = verify(kept(kind, Compression.NONE));
        assertThat(sound.damaged()).isFalse();
        assertThat(totals(sound)).isEqualTo(totals(verify(kept(Kind.PORTABLE, Compression.parse("zstd")))));
        for (int seed = 0; seed < 12; seed++) {
            var random = new Random(seed);
            byte[] whole = Objects.requireNonNull(files.get(NAME));
            byte[] flipped = whole.clone();
            // In front of the index, of whose keys a bit may be nobody's loss.
            int bit = random.nextInt(8 * (int) ByteBuffer.wrap(whole).getLong(whole.length - 8));
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            files.put(NAME, flipped);
            CopyReport report = verify(kept(kind, Compression.NONE));
            CopyReport compressed = verify(kept(Kind.PORTABLE, Compression.parse("zstd")));
            assertThat(report.damaged()).as("seed %d", seed).isTrue();
            assertThat(told(report)).as("seed %d", seed).isEqualTo(told(compressed));
            assertThat(totals(report)).as("seed %d", seed).isEqualTo(totals(compressed));
            files.put(NAME, whole);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.Fixtures#versions")
    void backupsOfEveryServerAreAsSoundUncompressed(String version) throws IOException {
        for (String name : List.of("portable-all", "portable-deletes", "legacy")) {
            var from = new End.Directory(Fixtures.backup(version, name));
            CopyReport walked = verify(from);
            List<End> uncompressed = List.of(
                    new End.Portable(temp.resolve(name + "-portable")),
                    new End.Legacy(temp.resolve(name + "-legacy")),
                    new End.Data(temp.resolve(name + "/data"), Optional.empty(), Optional.empty()));
            for (End to : uncompressed) {
                if (to instanceof End.Data data) {
                    Files.createDirectories(data.data());
                }
                engine.copy(CopyRequest.of(from, to)
                                .compression(Compression.NONE)
                                .build())
                        .blockLast(PATIENCE);
                CopyReport report = verify(to);
                assertThat(report.damaged()).as("%s", to).isFalse();
                assertThat(report.stored()).as("%s", to).hasSameSizeAs(walked.stored());
                assertThat(totals(report)).as("%s", to).isEqualTo(totals(walked));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFileThatIsCutAfterItsIndexWasReadIsAnError(Kind kind) throws IOException {
        SampleData sample =
                Objects.requireNonNull(engine.sampleData(Files.createDirectories(temp.resolve("sample")), 7, 40L << 20)
                        .block(PATIENCE));
        var from = new End.Data(sample.dataDir(), Optional.of(sample.metaDir()), Optional.empty());
        End end = kept(kind, from, Compression.NONE);
        ShardRead shard = Objects.requireNonNull(open(end, false, true).shards().blockFirst(PATIENCE));
        StepVerifier.create(shard.parts(), 1)
                .consumeNextWith(part -> {
                    part.release();
                    assertThat(((ShardPart.FileStart) part).ahead()).isPresent();
                    largest(end).forEach(file -> cut(file, 300_000));
                })
                .thenRequest(Long.MAX_VALUE)
                .thenConsumeWhile(part -> true, ShardPart::release)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(SluiceException.class)
                        .hasMessageMatching("(?s).*(changed while it was read|ended inside|has the digest).*"))
                .verify(PATIENCE);
    }

    /** The shard, as it lies in an end of its own. */
    private End kept(Kind kind, Compression compression) throws IOException {
        Path legacy = Files.createTempDirectory(temp, "legacy");
        Files.write(legacy.resolve("meta.00"), Answers.metastore(Answers.metadata(SHARD)));
        Files.write(legacy.resolve("db.rp.00001.00"), Answers.shard(SHARD, files));
        return kept(kind, new End.Legacy(legacy), compression);
    }

    private End kept(Kind kind, End from, Compression compression) throws IOException {
        Path place = Files.createTempDirectory(temp, kind.name());
        if (kind == Kind.STREAM) {
            Source source = Objects.requireNonNull(source(from, ReadOptions.STRICT));
            return new End.StreamFile(
                    Files.write(place.resolve("stream"), StreamArchiveTest.archive(source, compression)));
        }
        End to = switch (kind) {
            case LEGACY -> new End.Legacy(place);
            case PORTABLE -> new End.Portable(place);
            default -> new End.Data(Files.createDirectories(place.resolve("data")), Optional.empty(), Optional.empty());
        };
        engine.copy(CopyRequest.of(from, to).compression(compression).build()).blockLast(PATIENCE);
        return to;
    }

    private static Source source(End end, ReadOptions options) {
        return Objects.requireNonNull(new Ends(RESOURCES, new Runs())
                .source(end, options, Timeouts.DEFAULT, 0)
                .block(PATIENCE));
    }

    private static SourceSession open(End end, boolean everyByte, boolean indexFirst) {
        var options = new ReadOptions(false, false, false, everyByte, indexFirst, ReadOptions.SCRATCH);
        return Contents.open(source(end, options), Selection.EVERYTHING);
    }

    /** Names of the files whose blocks are known ahead. */
    private static List<String> known(End end, boolean everyByte, boolean indexFirst) {
        SourceSession session = open(end, everyByte, indexFirst);
        List<String> known = session.shards()
                .concatMap(shard -> shard.parts().doOnNext(ShardPart::release), 0)
                .ofType(ShardPart.FileStart.class)
                .filter(start -> start.ahead().isPresent())
                .map(ShardPart.FileStart::name)
                .collectList()
                .block(PATIENCE);
        session.close().block(PATIENCE);
        return Objects.requireNonNull(known);
    }

    private CopyReport verify(End end) {
        return Objects.requireNonNull(engine.verify(VerifyRequest.of(end))
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE));
    }

    private static List<String> totals(CopyReport report) {
        return report.notices().stream()
                .map(Notice::message)
                .filter(message -> message.contains("are sound"))
                .toList();
    }

    private static List<String> told(CopyReport report) {
        return report.notices().stream()
                .map(Notice::message)
                .filter(message -> message.startsWith("shard "))
                .toList();
    }

    private static List<Path> largest(End end) {
        Path place = end instanceof End.Data data
                ? data.data()
                : end instanceof End.Portable portable
                        ? portable.directory()
                        : end instanceof End.Legacy legacy ? legacy.directory() : ((End.StreamFile) end).file();
        try (Stream<Path> all = Files.walk(place)) {
            return all.filter(file -> Files.isRegularFile(file) && file.toFile().length() > 300_000)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void cut(Path file, long length) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
