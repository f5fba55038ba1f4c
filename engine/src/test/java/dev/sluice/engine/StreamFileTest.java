package dev.sluice.engine;

import static dev.sluice.engine.StreamArchiveTest.EMPTY;
import static dev.sluice.engine.StreamArchiveTest.FIRST;
import static dev.sluice.engine.StreamArchiveTest.LARGE;
import static dev.sluice.engine.StreamArchiveTest.SECOND;
import static dev.sluice.engine.StreamArchiveTest.archive;
import static dev.sluice.engine.StreamArchiveTest.assertSame;
import static dev.sluice.engine.StreamArchiveTest.assertWhole;
import static dev.sluice.engine.StreamArchiveTest.copy;
import static dev.sluice.engine.StreamArchiveTest.sample;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.copy.Copy;
import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StreamDamaged;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.format.StreamJson;
import dev.sluice.engine.format.StreamManifest;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.StreamFile;
import dev.sluice.engine.source.StreamSource;
import dev.sluice.engine.store.PlainFile;
import dev.sluice.engine.tar.TarHeaders;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.CountedFile;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.TestThreads;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

/** A stream archive that was kept as a file: what is read of it, and what becomes of damage. */
class StreamFileTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int BLOCK = 512;
    private static final CopyOptions OPTIONS =
            CopyOptions.of(Task.COPY, Pace.DEFAULT.withRetries(3), List.of(), false, Compression.NONE);

    @TempDir
    Path home;

    private static Compression codec(String name) {
        return name.equals("zstd") ? Compression.ZSTD : Compression.NONE;
    }

    private CountedFile keep(byte[] stream) throws IOException {
        return new CountedFile(Files.write(home.resolve("monday"), stream));
    }

    private static Optional<StreamFile> find(CountedFile kept, boolean allowIncomplete) {
        return StreamFile.of(
                        new PlainFile("monday", kept, TestThreads.FILES), TestThreads.WORKERS, allowIncomplete, false)
                .blockOptional(PATIENCE);
    }

    private static StreamFile found(CountedFile kept) {
        return find(kept, false).orElseThrow();
    }

    private static CopyReport read(Source from, MemoryShards to) {
        return copy(from, to, Selection.EVERYTHING, 0, false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "none"})
    void readsEveryShardWhereItStands(String codec) throws IOException {
        CountedFile kept =
                keep(archive(new MemoryShards(sample()).cut(LARGE, 1_500_000).cut(FIRST, 10), codec(codec)));
        StreamFile file = found(kept);

        for (int time = 0; time < 2; time++) {
            var to = new MemoryShards();
            CopyReport report = read(file, to);
            assertSame(to, sample());
            assertThat(report.complete()).isTrue();
        }
        assertThat(kept.readers()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "none"})
    void readsNoMoreThanItNeeds(String codec) throws IOException {
        byte[] stream = archive(new MemoryShards(sample()), codec(codec));
        CountedFile kept = keep(stream);

        StreamFile file = found(kept);
        long toKnow = kept.read();
        var session = Objects.requireNonNull(file.open(Selection.EVERYTHING).block(PATIENCE));
        assertThat(session.catalog().shards())
                .allSatisfy(shard -> assertThat(shard.rawBytes()).isPresent());
        assertThat(kept.read()).as("what there is is known by then").isZero();
        // The end marker, a table or a window for the manifest, metastore, catalog and manifest themselves.
        assertThat(toKnow).isLessThan(80_000).isLessThan(stream.length / 20);

        var to = new MemoryShards();
        copy(file, to, Selection.EVERYTHING.withDatabase("db"), 0, false);
        assertThat(to.shards()).containsOnlyKeys(FIRST, SECOND);
        assertWhole(to, sample());
        // Two shards of 9,000 and 140,000 bytes that cannot be compressed, with headers and end records.
        assertThat(kept.read()).isBetween(149_000L, 160_000L);

        copy(
                file,
                new MemoryShards(),
                new Selection(Optional.empty(), Optional.empty(), Optional.of(1L), Optional.empty(), Optional.empty()),
                0,
                false);
        assertThat(kept.read()).isBetween(9_000L, 13_000L);
    }

    @Test
    void whatGzipCompressedHasToBeReadFromItsStart() throws IOException {
        CountedFile kept = keep(archive(new MemoryShards(sample()), Compression.GZIP));
        assertThat(find(kept, false)).isEmpty();
        assertThat(kept.read()).isLessThan(10);
    }

    @Test
    void whatIsNotThereIsTold() throws IOException {
        StreamFile file = found(keep(archive(new MemoryShards(sample()), Compression.ZSTD)));
        assertThatThrownBy(() ->
                        file.open(Selection.EVERYTHING.withDatabase("nope")).block(PATIENCE))
                .isInstanceOf(NotThere.class)
                .hasMessageContaining("'nope' is not in monday");
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "none"})
    void aShardThatWasGivenUpIsMissing(String codec) throws IOException {
        var from = new MemoryShards(sample()).cut(LARGE, 2_000_000);
        StreamFile file = found(keep(archive(from, codec(codec), 0, true)));

        var to = new MemoryShards();
        CopyReport report = read(file, to);

        assertThat(report.missing()).singleElement().satisfies(gone -> {
            assertThat(gone.ref()).isEqualTo(LARGE);
            assertThat(gone.reason()).contains("missing already when the backup was made: ");
        });
        assertThat(report.notices()).extracting(Notice::kind).containsExactly(Notice.Kind.MISSING);
        assertThat(to.shards()).containsOnlyKeys(FIRST, SECOND, EMPTY);
    }

    /** As if there were no table, whatever is wrong with it: the frames themselves are what counts. */
    @Test
    void aDamagedTableIsNotUsed() throws IOException {
        byte[] stream = archive(new MemoryShards(small()), Compression.ZSTD);
        int table = StreamArchiveTest.lastFrame(stream);
        for (int at = table; at < stream.length; at++) {
            byte[] damaged = stream.clone();
            damaged[at] ^= (byte) (1 << (at % 8));
            assertThat(find(keep(damaged), false))
                    .as("byte %d of the table", at - table)
                    .isEmpty();
        }
        for (int length = table; length < stream.length; length++) {
            assertThat(find(keep(Arrays.copyOf(stream, length)), false)).isEmpty();
        }
        assertThat(find(keep(Arrays.copyOf(stream, stream.length + 1)), false)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "none"})
    void aFileWithoutItsEndIsReadFromItsStart(String codec) throws IOException {
        byte[] stream = archive(new MemoryShards(small()), codec(codec));
        var random = new Random(3);
        for (int i = 0; i < 40; i++) {
            assertThat(find(keep(Arrays.copyOf(stream, random.nextInt(stream.length))), false))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "none"})
    void findsEveryFlippedBit(String codec) throws IOException {
        byte[] stream = archive(new MemoryShards(small()), codec(codec));
        var random = new Random(6);
        for (int i = 0; i < 120; i++) {
            byte[] flipped = stream.clone();
            flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
            CountedFile kept = keep(flipped);
            Source from = find(kept, false).<Source>map(file -> file).orElseGet(() -> fromTheStart(kept));
            var to = new MemoryShards();
            try {
                read(from, to);
            } catch (SluiceException told) {
                continue;
            }
            // What nobody reads: fields of tar headers beside the data, JSON's spaces, the table's magic.
            assertSame(to, small());
        }
    }

    /** The sum is right, so the table is sound as far as one can see: a frame is looked for where none begins. */
    @Test
    void aWrongPlaceIsFoundWhenItIsReadAndNothingElse() throws IOException {
        byte[] stream = archive(new MemoryShards(sample()), Compression.ZSTD);
        var bytes = ByteBuffer.wrap(stream).order(ByteOrder.LITTLE_ENDIAN);
        int table = StreamArchiveTest.lastFrame(stream) + 8;
        bytes.putInt(table + 8, bytes.getInt(table + 8) + 1);
        bytes.putInt(table + 16, bytes.getInt(table + 16) - 1);
        StreamFile file = found(keep(stream));

        assertThatThrownBy(() -> read(file, new MemoryShards()))
                .isInstanceOf(CompressedDataDamaged.class)
                .hasMessageContaining("shard ")
                .hasMessageContaining(" in monday");
    }

    @Test
    void aManifestThatPointsElsewhereIsFound() throws IOException {
        byte[] stream = archive(new MemoryShards(small()), Compression.NONE);
        StreamManifest manifest = manifest(stream);
        StreamManifest.Shard one = manifest.shards().get(0);
        StreamManifest.Shard other = manifest.shards().get(1);

        assertThatThrownBy(() -> readWith(stream, one, at(one, other.offset(), other.bytes())))
                .isInstanceOf(StreamDamaged.class)
                .hasMessageContaining("among the files of shard " + one.ref());
        long firstFile = BLOCK + (700 + BLOCK - 1) / BLOCK * BLOCK;
        assertThatThrownBy(() -> readWith(stream, one, at(one, one.offset() + firstFile, one.bytes() - firstFile)))
                .isInstanceOf(StreamDamaged.class)
                .hasMessageContaining("its end record says");
        assertThatThrownBy(() -> readWith(stream, one, at(one, one.offset() + BLOCK, one.bytes() - BLOCK)))
                .isInstanceOf(StreamDamaged.class)
                .hasMessageContaining("shard " + one.ref() + " in monday has a header that");
        assertThatThrownBy(() -> readWith(stream, one, at(one, one.offset(), one.bytes() - BLOCK)))
                .isInstanceOf(StreamDamaged.class)
                .hasMessageContaining("ended inside");
        assertThatThrownBy(() -> readWith(
                        stream,
                        one,
                        new StreamManifest.Shard(one.ref(), 2, one.files(), one.offset(), one.bytes(), one.size())))
                .isInstanceOf(StreamDamaged.class)
                .hasMessageContaining("lists attempt 2 at shard " + one.ref());
    }

    @Test
    void whatCannotBeAManifestIsNotFollowed() throws IOException {
        byte[] stream = archive(new MemoryShards(small()), Compression.NONE);
        StreamManifest.Shard one = manifest(stream).shards().get(0);
        for (StreamManifest.Shard wrong : List.of(
                at(one, one.offset() + 1, one.bytes()),
                at(one, -BLOCK, one.bytes()),
                at(one, one.offset(), 0),
                at(one, one.offset(), Long.MAX_VALUE),
                at(one, one.offset(), stream.length),
                new StreamManifest.Shard(new ShardRef("db", "a", 77), 1, 1, one.offset(), one.bytes(), one.size()))) {
            assertThat(find(keep(with(stream, one, wrong)), false))
                    .as(wrong.toString())
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "none"})
    void ofADamagedFileTheOtherShardsCanBeTaken(String codec) throws IOException {
        byte[] stream = archive(new MemoryShards(sample()), codec(codec));
        // LARGE is nearly all of it, wherever it stands.
        stream[stream.length / 2] ^= 1;
        CountedFile kept = keep(stream);

        assertThatThrownBy(() -> read(found(kept), new MemoryShards()))
                .isInstanceOfAny(StreamDamaged.class, CompressedDataDamaged.class)
                .hasMessageContaining("shard " + LARGE);
        var to = new MemoryShards();
        CopyReport report = read(find(kept, true).orElseThrow(), to);

        assertThat(to.shards()).containsOnlyKeys(FIRST, SECOND, EMPTY);
        assertWhole(to, sample());
        assertThat(report.damaged()).isTrue();
        assertThat(report.missing()).extracting(ShardOutcome::ref).containsExactly(LARGE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "none"})
    void closesTheFileWhenReadingIsCancelledAnywhere(String codec) throws Exception {
        CountedFile kept = keep(archive(new MemoryShards(sample()), codec(codec)));
        StreamFile file = found(kept);
        var random = new Random(10);
        for (int round = 0; round < 12; round++) {
            Disposable copy = new Copy(file, new MemoryShards(), OPTIONS, Schedulers.parallel())
                    .run(Selection.EVERYTHING)
                    .subscribe(event -> {}, why -> {});
            Thread.sleep(random.nextInt(12));
            copy.dispose();
        }
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (kept.readers() > 0 && System.nanoTime() < deadline) {
            Thread.sleep(1);
        }
        assertThat(kept.readers()).isZero();
    }

    private static Source fromTheStart(CountedFile kept) {
        return new StreamSource(
                "monday", new PlainFile("monday", kept, TestThreads.FILES).read(), TestThreads.WORKERS, false);
    }

    private static Map<ShardRef, Map<String, byte[]>> small() {
        var shards = new LinkedHashMap<ShardRef, Map<String, byte[]>>();
        shards.put(FIRST, Answers.files(1, 2, 700));
        shards.put(SECOND, Answers.files(2, 2, 600));
        return shards;
    }

    private static StreamManifest.Shard at(StreamManifest.Shard shard, long offset, long bytes) {
        return new StreamManifest.Shard(shard.ref(), shard.attempt(), shard.files(), offset, bytes, shard.size());
    }

    private void readWith(byte[] stream, StreamManifest.Shard one, StreamManifest.Shard instead) throws IOException {
        read(found(keep(with(stream, one, instead))), new MemoryShards());
    }

    /** The bare tar with another manifest. */
    private static byte[] with(byte[] tar, StreamManifest.Shard one, StreamManifest.Shard instead) throws IOException {
        StreamManifest manifest = manifest(tar);
        List<StreamManifest.Shard> shards = new ArrayList<>(manifest.shards());
        shards.replaceAll(shard -> shard.equals(one) ? instead : shard);
        byte[] json = StreamJson.encode(
                new StreamManifest(shards, manifest.missing(), manifest.unchanged(), manifest.leftovers()));
        var out = new ByteArrayOutputStream();
        out.write(tar, 0, manifestAt(tar));
        ByteBuf header =
                TarHeaders.encode(UnpooledByteBufAllocator.DEFAULT, "manifest.json", json.length, Instant.EPOCH, 0644);
        header.readBytes(out, header.readableBytes());
        header.release();
        out.write(json);
        out.write(new byte[-json.length & (BLOCK - 1)]);
        out.write(new byte[2 * BLOCK]);
        return out.toByteArray();
    }

    private static StreamManifest manifest(byte[] tar) {
        String json =
                new String(tar, manifestAt(tar) + BLOCK, tar.length - manifestAt(tar) - BLOCK, StandardCharsets.UTF_8);
        return StreamJson.decodeManifest(json.substring(0, json.indexOf('\0')).getBytes(StandardCharsets.UTF_8));
    }

    private static int manifestAt(byte[] tar) {
        for (int at = tar.length - BLOCK; at >= 0; at -= BLOCK) {
            if (new String(tar, at, 14, StandardCharsets.ISO_8859_1).equals("manifest.json\0")) {
                return at;
            }
        }
        throw new AssertionError("no manifest");
    }
}
