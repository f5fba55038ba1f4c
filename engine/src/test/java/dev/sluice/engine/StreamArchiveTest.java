package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.sluice.engine.copy.Copy;
import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StreamDamaged;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.format.StreamJson;
import dev.sluice.engine.format.StreamManifest;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.StreamSource;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.PlainFile;
import dev.sluice.engine.target.StreamTarget;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.NoPauses;
import dev.sluice.engine.testkit.TestThreads;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** The stream archive from end to end: what was put in comes out, and every fault is told. */
class StreamArchiveTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    static final ShardRef FIRST = new ShardRef("db", "a.b c", 1);
    static final ShardRef SECOND = new ShardRef("db", "日本", 2);
    static final ShardRef EMPTY = new ShardRef("other", "autogen", 3);
    static final ShardRef LARGE = new ShardRef("other", "autogen", 40);

    private static final CopyOptions OPTIONS =
            CopyOptions.of(Task.COPY, Pace.DEFAULT.withRetries(3), List.of(), false, Compression.NONE);

    static Stream<Compression> codecs() {
        return Stream.of(Compression.ZSTD, Compression.GZIP, Compression.GZIP_STORED, Compression.NONE);
    }

    static Map<ShardRef, Map<String, byte[]>> sample() {
        var shards = new LinkedHashMap<ShardRef, Map<String, byte[]>>();
        shards.put(FIRST, Answers.files(1, 3, 3_000));
        shards.put(SECOND, Answers.files(2, 2, 70_000));
        shards.put(EMPTY, Map.of());
        shards.put(LARGE, Answers.files(4, 2, 1_300_000));
        return shards;
    }

    /** Collects a stream. */
    private static final class Pipe implements Function<Flux<ByteBuf>, Mono<?>> {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public Mono<?> apply(Flux<ByteBuf> stream) {
            return stream.doOnNext(buffer -> {
                        byte[] chunk = new byte[buffer.readableBytes()];
                        buffer.readBytes(chunk);
                        buffer.release();
                        bytes.writeBytes(chunk);
                    })
                    .then();
        }
    }

    static CopyReport copy(Source from, Target to, Selection selection, int retries, boolean skip) {
        var options = CopyOptions.of(Task.COPY, Pace.DEFAULT.withRetries(retries), List.of(), skip, Compression.NONE);
        return Objects.requireNonNull(new Copy(from, to, options, new NoPauses())
                .run(selection)
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE));
    }

    static byte[] archive(Source from, Compression compression) {
        return archive(from, compression, 3, false);
    }

    static byte[] archive(Source from, Compression compression, int retries, boolean skip) {
        var pipe = new Pipe();
        try (var line = SlabLine.open(compression, 16 << 20, Schedulers.parallel(), 2)) {
            var target = new StreamTarget(
                    "pipe", pipe, line, Digest.Algorithm.CRC32C, Selection.EVERYTHING, Clock.systemUTC());
            copy(from, target, Selection.EVERYTHING, retries, skip);
            assertThat(line.pool().outstanding()).isZero();
        }
        return pipe.bytes.toByteArray();
    }

    private static MemoryShards read(byte[] stream) {
        var to = new MemoryShards();
        read(stream, to, Selection.EVERYTHING, false);
        return to;
    }

    private static CopyReport read(byte[] stream, MemoryShards to, Selection selection, boolean allowIncomplete) {
        return copy(
                new StreamSource("the pipe", MemoryShards.chunks(stream), TestThreads.FILES, allowIncomplete),
                to,
                selection,
                3,
                false);
    }

    static void assertSame(MemoryShards is, Map<ShardRef, Map<String, byte[]>> should) {
        assertThat(is.shards()).containsOnlyKeys(should.keySet());
        assertWhole(is, should);
    }

    /** What arrived is what was sent, file by file. */
    static void assertWhole(MemoryShards is, Map<ShardRef, Map<String, byte[]>> should) {
        is.shards().forEach((ref, files) -> {
            Map<String, byte[]> expected = should.getOrDefault(ref, Map.of());
            assertThat(files).as(ref.toString()).containsOnlyKeys(expected.keySet());
            files.forEach(
                    (name, bytes) -> assertThat(bytes).as(ref + "/" + name).isEqualTo(expected.get(name)));
        });
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void bringsBackWhatWasPutIn(Compression compression) {
        assertSame(read(archive(new MemoryShards(sample()), compression)), sample());
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void bringsTheSameBackFromAFileTimeAndAgain(Compression compression, @TempDir Path home) throws IOException {
        Path file = Files.write(home.resolve("monday"), archive(new MemoryShards(sample()), compression));
        var from =
                new StreamSource("monday", PlainFile.of(file, TestThreads.FILES).read(), TestThreads.WORKERS, false);

        for (int time = 0; time < 2; time++) {
            var to = new MemoryShards();
            copy(from, to, Selection.EVERYTHING, 3, false);
            assertSame(to, sample());
        }
    }

    @Test
    void releasesEveryBufferWhenReadingAFileIsCancelledAnywhere(@TempDir Path home)
            throws IOException, InterruptedException {
        Path file = Files.write(home.resolve("monday"), archive(new MemoryShards(sample()), Compression.NONE));
        var random = new Random(10);
        for (int round = 0; round < 12; round++) {
            Queue<ByteBuf> buffers = new ConcurrentLinkedQueue<>();
            var from = new StreamSource(
                    "monday",
                    PlainFile.of(file, TestThreads.FILES).read().doOnNext(buffers::add),
                    TestThreads.WORKERS,
                    random.nextBoolean());
            Disposable copy = new Copy(from, new MemoryShards(), OPTIONS, Schedulers.parallel())
                    .run(Selection.EVERYTHING)
                    .subscribe(event -> {}, why -> {});
            Thread.sleep(random.nextInt(12));
            copy.dispose();
            awaitReleased(buffers);
        }
    }

    @Test
    void isATarInTheLayoutOfADataDirectory() throws IOException {
        byte[] stream = archive(new MemoryShards(sample()), Compression.GZIP);

        List<String> names = new ArrayList<>();
        Map<String, byte[]> contents = new LinkedHashMap<>();
        Map<String, Integer> modes = new LinkedHashMap<>();
        InputStream tar = new GZIPInputStream(new ByteArrayInputStream(stream));
        try (var entries = new TarArchiveInputStream(tar, "UTF-8")) {
            for (var entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                names.add(entry.getName());
                modes.put(entry.getName(), entry.getMode() & 0777);
                contents.put(entry.getName(), entries.readAllBytes());
            }
        }

        assertThat(names)
                .startsWith("meta/meta.db", "sluice/catalog.json")
                .endsWith("manifest.json")
                .contains("sluice/shards/db/a.b c/1.1.json", "sluice/shards/other/autogen/3.1.json");
        assertThat(modes)
                .as("password hashes are for their owner only")
                .containsEntry("meta/meta.db", 0600)
                .containsEntry("manifest.json", 0644);
        assertThat(contents.get("meta/meta.db"))
                .isEqualTo(new MemoryShards(sample()).metadata().toByteArray());
        sample().forEach((ref, files) -> files.forEach((name, bytes) ->
                assertThat(contents.get("data/" + ref + "/" + name)).isEqualTo(bytes)));
    }

    /** By the facts of zstd's seekable format alone, as another reader would. */
    @Test
    void aStreamThatWasKeptAsAFileCanBeReadAtAShardsOffset() throws IOException {
        byte[] stream = archive(new MemoryShards(sample()).cut(LARGE, 1_500_000), Compression.ZSTD);
        var end = ByteBuffer.wrap(stream).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(end.getInt(stream.length - 4)).isEqualTo(0x8F92EAB1);
        assertThat(end.get(stream.length - 5)).as("no checksums in the table").isZero();
        int frames = end.getInt(stream.length - 9);
        int table = stream.length - 9 - 8 * frames;
        assertThat(end.getInt(table - 8)).isEqualTo(0x184D2A5E);
        assertThat(end.getInt(table - 4)).isEqualTo(stream.length - table);

        var tar = new ByteArrayOutputStream();
        Map<Long, Integer> starts = new HashMap<>();
        int at = 0;
        for (int i = 0; i < frames; i++) {
            int compressed = end.getInt(table + 8 * i);
            int raw = end.getInt(table + 8 * i + 4);
            assertThat(stream[at + 4] & 4).as("frame %d has a checksum", i).isNotZero();
            byte[] frame = Arrays.copyOfRange(stream, at, at + compressed);
            byte[] piece = Zstd.decompress(frame, raw);
            assertThat(piece).as("frame %d", i).hasSize(raw);
            starts.put((long) tar.size(), at);
            tar.writeBytes(piece);
            at += compressed;
            frame[compressed - 1] ^= 1;
            assertThatThrownBy(() -> Zstd.decompress(frame, raw)).isInstanceOf(ZstdException.class);
        }
        assertThat(at).as("the table stands behind the last frame").isEqualTo(table - 8);

        StreamManifest manifest = StreamJson.decodeManifest(
                Objects.requireNonNull(contents(tar.toByteArray()).get("manifest.json")));
        assertThat(manifest.shards()).hasSize(4);
        for (StreamManifest.Shard shard : manifest.shards()) {
            assertThat(starts).as("a frame begins with %s", shard.ref()).containsKey(shard.offset());
            byte[] part =
                    Arrays.copyOfRange(tar.toByteArray(), (int) shard.offset(), (int) (shard.offset() + shard.bytes()));
            Map<String, byte[]> files = contents(part);
            assertThat(files).hasSize(shard.files() + 1);
            Objects.requireNonNull(sample().get(shard.ref()))
                    .forEach((name, bytes) -> assertThat(files.get("data/" + shard.ref() + "/" + name))
                            .isEqualTo(bytes));
        }
    }

    private static Map<String, byte[]> contents(byte[] tar) throws IOException {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        try (var entries = new TarArchiveInputStream(new ByteArrayInputStream(tar), "UTF-8")) {
            for (var entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                contents.put(entry.getName(), entries.readAllBytes());
            }
        }
        return contents;
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aShardThatFailsInTheMiddleIsSentAgain(Compression compression) {
        Map<ShardRef, Map<String, byte[]>> shards = sample();
        var from = new MemoryShards(shards)
                .cut(LARGE, 2_000_000, 1_300_000)
                .cut(SECOND, 100_000)
                .cut(FIRST, 10);

        byte[] stream = archive(from, compression);

        var to = new MemoryShards();
        CopyReport report = read(stream, to, Selection.EVERYTHING, false);
        assertSame(to, shards);
        assertThat(report.complete()).isTrue();
    }

    @Test
    void aShardThatIsGivenUpIsMissingWhenRead() {
        var from = new MemoryShards(sample()).cut(LARGE, 2_000_000);
        var pipe = new Pipe();
        try (var line = SlabLine.open(Compression.ZSTD, 16 << 20, TestThreads.WORKERS, 2)) {
            copy(
                    from,
                    new StreamTarget(
                            "pipe", pipe, line, Digest.Algorithm.SHA256, Selection.EVERYTHING, Clock.systemUTC()),
                    Selection.EVERYTHING,
                    0,
                    true);
        }

        var to = new MemoryShards();
        CopyReport report = read(pipe.bytes.toByteArray(), to, Selection.EVERYTHING, false);
        assertThat(report.missing()).singleElement().satisfies(gone -> {
            assertThat(gone.ref()).isEqualTo(LARGE);
            assertThat(gone.reason()).contains("missing already when the backup was made: ");
        });
        assertThat(report.notices()).extracting(Notice::kind).containsExactly(Notice.Kind.MISSING);
        assertThat(to.shards()).containsOnlyKeys(FIRST, SECOND, EMPTY);
    }

    @Test
    void takesOnlyWhatIsAskedFor() {
        byte[] stream = archive(new MemoryShards(sample()), Compression.ZSTD);
        var to = new MemoryShards();

        CopyReport report = read(stream, to, Selection.EVERYTHING.withDatabase("other"), false);

        assertThat(report.complete()).isTrue();
        assertThat(to.shards()).containsOnlyKeys(EMPTY, LARGE);
        assertThatThrownBy(() -> read(stream, to, Selection.EVERYTHING.withDatabase("nope"), false))
                .isInstanceOf(NotThere.class)
                .hasMessageContaining("'nope'");
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void recognisesAStreamThatIsCutAnywhere(Compression compression) {
        var shards = new LinkedHashMap<ShardRef, Map<String, byte[]>>();
        shards.put(FIRST, Answers.files(1, 2, 700));
        shards.put(SECOND, Answers.files(2, 1, 600));
        byte[] stream = archive(new MemoryShards(shards), compression);
        var random = new Random(5);
        int step = Math.max(1, stream.length / 40);

        for (int length = 0; length < stream.length; length += 1 + random.nextInt(2 * step)) {
            byte[] cut = Arrays.copyOf(stream, length);
            // The table behind the last frame is for those who seek: without it nothing is missing.
            if (compression.codec() == Compression.Codec.ZSTD && length >= lastFrame(stream)) {
                break;
            }
            assertThatThrownBy(() -> read(cut))
                    .as("cut at %d of %d", length, stream.length)
                    .isInstanceOfAny(StreamDamaged.class, CompressedDataDamaged.class);

            var to = new MemoryShards();
            try {
                CopyReport report = read(cut, to, Selection.EVERYTHING, true);
                assertThat(report.complete())
                        .as("cut at %d of %d", length, stream.length)
                        .isFalse();
                assertThat(to.shards().size() + report.missing().size()).isEqualTo(2);
                assertThat(report.missing())
                        .allSatisfy(gone -> assertThat(gone.reason()).contains("did not come whole"));
                assertWhole(to, shards);
            } catch (StreamDamaged | CompressedDataDamaged beforeTheCatalog) {
                assertThat(to.shards()).isEmpty();
            }
        }
    }

    static int lastFrame(byte[] stream) {
        for (int at = stream.length - 4; at > 0; at--) {
            if (stream[at] == 0x5e && stream[at + 1] == 0x2a && stream[at + 2] == 0x4d && stream[at + 3] == 0x18) {
                return at;
            }
        }
        throw new AssertionError("no seek table");
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void findsEveryFlippedBit(Compression compression) {
        var shards = new LinkedHashMap<ShardRef, Map<String, byte[]>>();
        shards.put(FIRST, Answers.files(1, 1, 300));
        byte[] stream = archive(new MemoryShards(shards), compression);
        int end = compression.codec() == Compression.Codec.ZSTD ? lastFrame(stream) : stream.length;
        var random = new Random(6);

        for (int i = 0; i < 80; i++) {
            byte[] flipped = stream.clone();
            int at = random.nextInt(end);
            flipped[at] ^= (byte) (1 << random.nextInt(8));
            var to = new MemoryShards();
            try {
                read(flipped, to, Selection.EVERYTHING, false);
            } catch (SluiceException told) {
                continue;
            }
            // What nobody reads: fields of gzip and tar headers beside the data, JSON's spaces.
            assertWhole(to, shards);
        }
    }

    /** Where nothing is compressed, no checksum but its own covers it. */
    @Test
    void findsAFlippedBitInEveryByteOfTheMetadata() {
        var shards = new MemoryShards(sample());
        byte[] stream = archive(shards, Compression.NONE);
        byte[] metadata = shards.metadata().toByteArray();
        assertThat(Arrays.copyOfRange(stream, 512, 512 + metadata.length)).isEqualTo(metadata);
        var random = new Random(7);

        for (int at = 0; at < metadata.length; at++) {
            byte[] flipped = stream.clone();
            flipped[512 + at] ^= (byte) (1 << random.nextInt(8));
            assertThatThrownBy(() -> read(flipped)).as("byte %d", at).isInstanceOf(StreamDamaged.class);
        }
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void releasesEveryBufferWhenReadingIsCancelledAnywhere(Compression compression) throws InterruptedException {
        byte[] stream = archive(new MemoryShards(sample()), compression);
        var random = new Random(8);
        for (int round = 0; round < 12; round++) {
            Queue<ByteBuf> buffers = new ConcurrentLinkedQueue<>();
            var from = new StreamSource(
                    "the pipe",
                    MemoryShards.chunks(stream).doOnNext(buffers::add),
                    TestThreads.FILES,
                    random.nextBoolean());
            Disposable copy = new Copy(from, new MemoryShards(), OPTIONS, Schedulers.parallel())
                    .run(Selection.EVERYTHING)
                    .subscribe(event -> {}, why -> {});
            Thread.sleep(random.nextInt(12));
            copy.dispose();
            awaitReleased(buffers);
        }
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void releasesEveryBufferWhenWritingIsCancelledAnywhere(Compression compression) throws InterruptedException {
        var random = new Random(9);
        for (int round = 0; round < 12; round++) {
            Queue<ByteBuf> buffers = new ConcurrentLinkedQueue<>();
            var from = new MemoryShards(sample())
                    .cut(LARGE, 2_000_000)
                    .over(bytes -> bytes.doOnNext(buffers::add).subscribeOn(TestThreads.FILES));
            try (var line = SlabLine.open(compression, 16 << 20, TestThreads.WORKERS, 2)) {
                var target = new StreamTarget(
                        "pipe", new Pipe(), line, Digest.Algorithm.CRC32C, Selection.EVERYTHING, Clock.systemUTC());
                Disposable copy = new Copy(from, target, OPTIONS, Schedulers.parallel())
                        .run(Selection.EVERYTHING)
                        .subscribe(event -> {}, why -> {});
                Thread.sleep(random.nextInt(20));
                copy.dispose();
                awaitReleased(buffers);
                long deadline = System.nanoTime() + PATIENCE.toNanos();
                while (line.pool().outstanding() > 0 && System.nanoTime() < deadline) {
                    Thread.sleep(1);
                }
                assertThat(line.pool().outstanding()).isZero();
            }
        }
    }

    /** A buffer may still be on its way in when the cancel comes; it counts too. */
    private static void awaitReleased(Queue<ByteBuf> buffers) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (int calm = 0; calm < 20 && System.nanoTime() < deadline; calm++) {
            if (buffers.stream().anyMatch(buffer -> buffer.refCnt() > 0)) {
                calm = 0;
            }
            Thread.sleep(1);
        }
        assertThat(buffers).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void refusesWhatIsNoStream(Compression compression) {
        byte[] stream = archive(new MemoryShards(sample()), compression);
        byte[] garbage = new byte[5_000];
        new Random(7).nextBytes(garbage);

        refused(new byte[0], "is empty");
        refused(garbage, "is not a stream archive");
        refused(new byte[100], "ended inside a header");
        refused(concat(stream, stream), "");
        refused(concat(stream, garbage), "");
        refused(concat(stream, new byte[1]), "");
        refused(Answers.shard(FIRST, 1, 2, 3_000), "it has 'db/a.b c/1/000000001-000000001.tsm' where 'meta/meta.db'");
    }

    private static void refused(byte[] stream, String why) {
        assertThatThrownBy(() -> read(stream))
                .isInstanceOfAny(StreamDamaged.class, CompressedDataDamaged.class)
                .hasMessageContaining("the pipe")
                .hasMessageContaining(why);
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
