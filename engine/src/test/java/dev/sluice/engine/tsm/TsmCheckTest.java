package dev.sluice.engine.tsm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.tsm.Finding.Severity;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.ToIntFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TsmCheckTest {

    private static final Path FIXTURES = Path.of("src/test/resources/fixtures/tsm");
    private static final String TINY = "data/fx_tiny/autogen/1/000000001-000000001.tsm";

    @ParameterizedTest
    @MethodSource("sound")
    void realFilesAreSoundHoweverTheirBytesAreCut(Path path) throws IOException {
        byte[] file = Files.readAllBytes(path);
        CheckResult byIndex = indexFirst(file, true);
        assertThat(byIndex.findings()).isEmpty();
        assertThat(byIndex.damaged()).isFalse();
        assertThat(byIndex.blocks()).isPositive();
        var random = new Random(1);
        for (ToIntFunction<Integer> cut : List.<ToIntFunction<Integer>>of(
                left -> left, left -> 1, left -> 1 + random.nextInt(left), left -> 1 + random.nextInt(100))) {
            CheckResult result = onePass(file, file.length, cut);
            assertThat(result).isEqualTo(byIndex);
            assertThat(passing(file, file.length, cut)).isEqualTo(byIndex);
        }
    }

    @Test
    void whereABlockEndsIsGuessedFromItsNeighbour() throws IOException {
        byte[] file = regular();
        List<Entry> entries = entries(file);
        byte[] bytes = Arrays.copyOf(file, file.length + BlockScan.SLACK);
        var scan = new BlockScan();
        for (int i = 0; i + 1 < entries.size(); i++) {
            int at = (int) entries.get(i).at;
            assertThat(scan.head(bytes, at, file.length, file.length - at)).isPositive();
            assertThat(scan.worthGuessing()).isTrue();
            if (i == 2) { // the first one that goes back in time shows where keys begin
                scan.remember();
                continue;
            }
            assertThat(scan.guess(bytes, file.length)).as("block %d", i).isEqualTo((int) entries.get(i + 1).at);
            scan.remember();
        }
    }

    @Test
    void whatEveryCopyChecksFindsTheSameAsWalkingAllValues() throws IOException {
        byte[] file = regular();
        for (int bit = 0; bit < file.length * 8; bit++) {
            byte[] flipped = file.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            CheckResult walked = onePass(flipped, file.length, left -> left);
            assertThat(passing(flipped, file.length, left -> left))
                    .as("bit %d", bit)
                    .isEqualTo(walked);
            if (inspectFinds(flipped)) {
                assertThat(walked.damaged()).as("bit %d", bit).isTrue();
            }
        }
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThat(passing(cut, file.length, left -> 100).damaged())
                    .as("%d bytes", length)
                    .isTrue();
        }
        var random = new Random(5);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = file.clone();
            int at = random.nextInt(bytes.length);
            int count = random.nextInt(bytes.length - at) + 1;
            System.arraycopy(file, random.nextInt(bytes.length - count + 1), bytes, at, count);
            ToIntFunction<Integer> cut = left -> 1 + random.nextInt(left);
            assertThat(passing(bytes, bytes.length, cut))
                    .as("round %d", round)
                    .isEqualTo(onePass(bytes, bytes.length, cut));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                TINY,
                "data/fx_mixed/autogen/8/000000001-000000001.tsm",
                "data/fx_bool/autogen/3/000000001-000000001.tsm"
            })
    void everyFlippedBitThatInfluxInspectFindsIsFound(String name) throws IOException {
        byte[] file = Files.readAllBytes(FIXTURES.resolve(name));
        int quiet = 0;
        for (int bit = 0; bit < file.length * 8; bit++) {
            byte[] flipped = file.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            CheckResult onePass = onePass(flipped, file.length, left -> left);
            CheckResult byIndex = indexFirst(flipped, false);
            if (inspectFinds(flipped)) {
                assertThat(onePass.damaged()).as("bit %d, one pass", bit).isTrue();
                assertThat(byIndex.damaged()).as("bit %d, index first", bit).isTrue();
            }
            if (!onePass.damaged() || !byIndex.damaged()) {
                // Only the text of a key has no second source: another key, still in order.
                assertThat(onePass.damaged()).isEqualTo(byIndex.damaged());
                assertThat(insideAKey(file, bit / 8)).as("bit %d", bit).isTrue();
                quiet++;
            }
        }
        assertThat(quiet).isLessThan(file.length * 4);
    }

    @Test
    void noCutIsTakenForTheEnd() throws IOException {
        byte[] file = Files.readAllBytes(FIXTURES.resolve("data/fx_mixed/autogen/8/000000001-000000001.tsm"));
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            // The tar announces the whole, or the file was cut before.
            assertThat(onePass(cut, file.length, left -> left).damaged())
                    .as("%d bytes of more", length)
                    .isTrue();
            assertThat(onePass(cut, length, left -> left).damaged())
                    .as("%d bytes", length)
                    .isTrue();
            assertThat(indexFirst(cut, false).damaged())
                    .as("%d bytes by index", length)
                    .isTrue();
        }
    }

    @Test
    void aDamagedBlockIsToldWithItsKeyAndHidesNoOther() throws IOException {
        byte[] file = manyBlocks(40);
        List<Entry> entries = entries(file);
        for (int i : new int[] {0, 7, 8, 39}) {
            file[(int) entries.get(i).at + 30] ^= 4;
        }
        for (CheckResult result : List.of(onePass(file, file.length, left -> left), indexFirst(file, false))) {
            assertThat(result.blocks()).isEqualTo(36);
            assertThat(result.findings())
                    .extracting(Finding::key, Finding::offset, Finding::severity)
                    .containsExactlyElementsOf(Stream.of(0, 7, 8, 39)
                            .map(i -> tuple(entries.get(i).key, entries.get(i).at, Severity.DAMAGE))
                            .toList());
        }
    }

    @Test
    void aGapBetweenBlocksIsUnusualAndNoDamage() throws IOException {
        var random = new Random(6);
        byte[] file = manyBlocks(6);
        List<Entry> entries = entries(file);
        for (int block = 0; block <= 6; block++) {
            long at = block == 6 ? indexStart(file) : entries.get(block).at;
            byte[] gap = new byte[50 + random.nextInt(3000)];
            random.nextBytes(gap);
            byte[] gapped = insert(file, (int) at, gap);
            for (CheckResult result :
                    List.of(onePass(gapped, gapped.length, left -> left), indexFirst(gapped, false))) {
                assertThat(result.damaged())
                        .as("gap before block %d: %s", block, result)
                        .isFalse();
                assertThat(result.blocks()).isEqualTo(6);
                assertThat(result.findings()).singleElement().satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(Severity.UNUSUAL);
                    assertThat(finding.offset()).isEqualTo(at);
                    assertThat(finding.problem()).startsWith(gap.length + " bytes belong to no block");
                });
            }
        }
    }

    @Test
    void bytesAfterTheAnnouncedEndAreFound() throws IOException {
        byte[] file = manyBlocks(3);
        byte[] longer = Arrays.copyOf(file, file.length + 1);
        for (int step : new int[] {1, longer.length}) {
            assertThat(onePass(longer, file.length, left -> step).findings())
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.problem()).startsWith("goes on for 1 bytes"));
        }
    }

    @Test
    void swappedBlocksAreFound() throws IOException {
        byte[] file = manyBlocks(3);
        List<Entry> entries = entries(file);
        Entry second = entries.get(1);
        Entry third = entries.get(2);
        byte[] swapped = file.clone();
        System.arraycopy(file, (int) third.at, swapped, (int) second.at, third.size);
        System.arraycopy(file, (int) second.at, swapped, (int) second.at + third.size, second.size);
        assertThat(onePass(swapped, file.length, left -> left).damaged()).isTrue();
        assertThat(indexFirst(swapped, false).damaged()).isTrue();
    }

    @Test
    void anEntryThatPointsOutsideIsFound() throws IOException {
        byte[] file = manyBlocks(4);
        for (long offset : new long[] {-1, 0, 4, indexStart(file), file.length, Long.MAX_VALUE, Long.MIN_VALUE}) {
            byte[] wrong = file.clone();
            ByteBuffer.wrap(wrong).putLong((int) entries(file).get(2).entryAt + 16, offset);
            assertThat(onePass(wrong, file.length, left -> left).damaged())
                    .as("one pass, %d", offset)
                    .isTrue();
            assertThat(indexFirst(wrong, false).damaged())
                    .as("by index, %d", offset)
                    .isTrue();
        }
    }

    @Test
    void absurdLengthsAreNotWaitedForAndTakeNoMemory() throws IOException {
        byte[] file = manyBlocks(4);
        int length = (int) entries(file).get(1).at + 5;
        for (String hex : List.of("ffffffff07", "ffffffffffffffffff01", "80808010", "ffff7f")) {
            byte[] absurd = HexFormat.of().parseHex(hex);
            byte[] wrong = file.clone();
            System.arraycopy(absurd, 0, wrong, length, absurd.length);
            reseal(wrong, entries(file).get(1));
            for (CheckResult result : List.of(onePass(wrong, file.length, left -> 1), indexFirst(wrong, false))) {
                assertThat(result.blocks()).isEqualTo(3);
                assertThat(result.findings()).first().satisfies(finding -> {
                    assertThat(finding.key()).isEqualTo(entries(file).get(1).key);
                    assertThat(finding.severity()).isEqualTo(Severity.DAMAGE);
                });
            }
        }
        // A tar that announces far more than comes: nothing is allocated for it.
        assertThat(onePass(file, 1L << 60, left -> left).damaged()).isTrue();
    }

    @Test
    void whatACrcCannotTellIsFoundByTheContent() throws IOException {
        byte[] file = manyBlocks(4);
        Entry entry = entries(file).get(2);
        byte[] wrong = file.clone();
        wrong[(int) entry.at + 6] ^= 0x10; // how the timestamps are encoded
        reseal(wrong, entry);
        assertThat(onePass(wrong, file.length, left -> left).damaged()).isTrue();
        assertThat(indexFirst(wrong, false).damaged()).isTrue();
    }

    @Test
    void stringsAreCountedWhenItIsDeep() throws IOException {
        long[] times = {1, 2, 3};
        byte[] file = written(List.of("m#!~#s"), TsmBlock.ofStrings(times, new byte[][] {{'a'}, {'b'}, {'c'}}));
        // Its plain form is 01 61 01 62 01 63; with 02 in front there are two strings and a bit.
        int at = new String(file, ISO_8859_1).indexOf("\1a\1b\1c");
        file[at] = 2;
        reseal(file, entries(file).get(0));
        assertThat(onePass(file, file.length, left -> left).damaged()).isFalse();
        assertThat(indexFirst(file, false).damaged()).isFalse();
        CheckResult deep =
                run(FileCheck.of("x.tsm", file.length, CheckDepth.VALUES).orElseThrow(), file, left -> left);
        assertThat(deep.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.key()).isEqualTo("m#!~#s");
            assertThat(finding.offset()).isEqualTo(5);
        });
        assertThat(indexFirst(file, true).findings()).isEqualTo(deep.findings());
    }

    @Test
    void garbageIsNeverTakenForAFileAndNeverThrows() throws IOException {
        var random = new Random(12);
        byte[] sound = manyBlocks(10);
        for (int round = 0; round < 600; round++) {
            byte[] bytes = sound.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                int at = random.nextInt(bytes.length);
                int count = random.nextBoolean() ? 1 : random.nextInt(Math.min(300, bytes.length - at) + 1);
                for (int k = at; k < Math.min(bytes.length, at + count); k++) {
                    bytes[k] = (byte) (random.nextInt(3) == 0 ? 0 : random.nextInt());
                }
            }
            CheckResult onePass = onePass(bytes, bytes.length, left -> 1 + random.nextInt(left));
            CheckResult byIndex = indexFirst(bytes, true);
            if (inspectFinds(bytes)) {
                assertThat(onePass.damaged()).as("round %d", round).isTrue();
                assertThat(byIndex.damaged()).as("round %d", round).isTrue();
            }
        }
        byte[] noise = new byte[300_000];
        random.nextBytes(noise);
        assertThat(onePass(noise, noise.length, left -> left).damaged()).isTrue();
        byte[] zeros = new byte[1_000_000];
        zeros[0] = 0x16;
        assertThat(onePass(zeros, zeros.length, left -> left).damaged()).isTrue();
    }

    @Test
    void findingsAreBounded() throws IOException {
        byte[] file = manyBlocks(900);
        for (Entry entry : entries(file)) {
            file[(int) entry.at] ^= 1;
        }
        CheckResult byIndex = indexFirst(file, false);
        assertThat(byIndex.findings()).hasSize(100);
        assertThat(byIndex.unlisted()).isEqualTo(800);
        assertThat(onePass(file, file.length, left -> left).findings()).hasSizeLessThanOrEqualTo(100);
    }

    @Test
    void aDamagedBlockOfATombstonedKeyIsFound() throws IOException {
        Path path = FIXTURES.resolve("corrupt/tombstoned-key/data/db/rp/1/000000001-000000001.tsm");
        byte[] file = Files.readAllBytes(path); // "healthy" for influx_inspect
        assertThat(onePass(file, file.length, left -> left).findings())
                .singleElement()
                .satisfies(finding -> assertThat(finding.key()).isEqualTo("mem,host=b#!~#free"));
    }

    @Test
    void tombstonesAreCheckedByTheirName() throws IOException {
        byte[] file = Files.readAllBytes(FIXTURES.resolve("data/fx_mixed/autogen/8/000000001-000000001.tombstone"));
        CheckResult sound =
                run(FileCheck.of("1.tombstone", file.length, CheckDepth.BLOCKS).orElseThrow(), file, left -> 1);
        assertThat(sound.damaged()).isFalse();
        assertThat(sound.keys()).isEqualTo(7);

        byte[] cut = Arrays.copyOf(file, file.length - 1);
        assertThat(run(
                                FileCheck.of("1.tombstone", cut.length, CheckDepth.BLOCKS)
                                        .orElseThrow(),
                                cut,
                                left -> left)
                        .damaged())
                .isTrue();
        byte[] flipped = file.clone();
        flipped[40] ^= 1;
        assertThat(run(
                                FileCheck.of("1.tombstone", file.length, CheckDepth.BLOCKS)
                                        .orElseThrow(),
                                flipped,
                                left -> left)
                        .damaged())
                .isTrue();
        assertThat(FileCheck.of("fields.idx", 1, CheckDepth.VALUES)).isEmpty();
    }

    /** What {@code influx_inspect verify} looks at: header, footer, whether the index parses, checksums by index. */
    private static boolean inspectFinds(byte[] file) throws IOException {
        boolean[] wrong = {false};
        try (var channel = new SeekableInMemoryByteChannel(file)) {
            var open = TsmFile.open(channel);
            open.forEachKey((key, type, blocks) -> {
                for (BlockEntry entry : blocks) {
                    ByteBuffer bytes = open.block(entry);
                    var crc = new CRC32();
                    crc.update(bytes.duplicate().position(4));
                    wrong[0] |= (int) crc.getValue() != bytes.getInt(0);
                }
            });
        } catch (TsmDamaged e) {
            return true;
        }
        return wrong[0];
    }

    static CheckResult onePass(byte[] file, long size, ToIntFunction<Integer> cut) {
        return run(new TsmCheck("x.tsm", size, CheckDepth.BLOCKS), file, cut);
    }

    static CheckResult passing(byte[] file, long size, ToIntFunction<Integer> cut) {
        return run(new TsmCheck("x.tsm", size, CheckDepth.PASSING), file, cut);
    }

    static CheckResult run(FileCheck check, byte[] file, ToIntFunction<Integer> cut) {
        for (int at = 0; at < file.length; ) {
            int count = Math.min(cut.applyAsInt(file.length - at), file.length - at);
            ByteBuf bytes = Unpooled.copiedBuffer(file, at, count);
            check.feed(bytes);
            assertThat(bytes.readableBytes()).isEqualTo(count);
            assertThat(bytes.release()).isTrue();
            at += count;
        }
        return check.end();
    }

    private static CheckResult indexFirst(byte[] file, boolean deep) throws IOException {
        try (var channel = new SeekableInMemoryByteChannel(file)) {
            return TsmIndexCheck.check("x.tsm", channel, deep);
        }
    }

    /** As an agent writes it: the same clock for all series, several blocks each. */
    static byte[] regular() throws IOException {
        var random = new Random(3);
        var out = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(out))) {
            for (String key : List.of("cpu,host=a#!~#idle", "cpu,host=a#!~#user", "cpu,host=b#!~#user")) {
                long from = 1_600_000_000_000_000_000L;
                for (int block = 0; block < 3; block++) {
                    long first = from + 20L * block * 10_000_000_000L;
                    long[] times = LongStream.range(0, 20)
                            .map(i -> first + i * 10_000_000_000L)
                            .toArray();
                    writer.write(
                            key.getBytes(ISO_8859_1),
                            TsmBlock.ofFloats(times, random.doubles(20).toArray()));
                }
            }
            writer.finish();
        }
        return out.toByteArray();
    }

    static byte[] manyBlocks(int count) throws IOException {
        var keys = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            keys.add("cpu,host=%04d#!~#usage".formatted(i));
        }
        return written(keys, null);
    }

    private static byte[] written(List<String> keys, @Nullable TsmBlock block) throws IOException {
        var random = new Random(keys.size());
        var out = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(out))) {
            for (String key : keys) {
                TsmBlock values = block == null
                        ? TsmBlock.ofFloats(
                                Columns.times(40, random), random.doubles(40).toArray())
                        : block;
                writer.write(key.getBytes(ISO_8859_1), values);
            }
            writer.finish();
        }
        return out.toByteArray();
    }

    /** A block, and where the index tells of it. */
    record Entry(String key, long at, int size, long entryAt) {}

    static int indexStart(byte[] file) {
        return (int) ByteBuffer.wrap(file).getLong(file.length - 8);
    }

    static List<Entry> entries(byte[] file) {
        var entries = new ArrayList<Entry>();
        var in = ByteBuffer.wrap(file, indexStart(file), file.length - 8 - indexStart(file));
        while (in.hasRemaining()) {
            byte[] key = new byte[in.getShort()];
            in.get(key).get();
            for (int i = in.getShort(); i > 0; i--) {
                int at = in.position();
                entries.add(new Entry(new String(key, ISO_8859_1), in.getLong(at + 16), in.getInt(at + 24), at));
                in.position(at + 28);
            }
        }
        return entries;
    }

    private static boolean insideAKey(byte[] file, int at) {
        var in = ByteBuffer.wrap(file, indexStart(file), file.length - 8 - indexStart(file));
        while (in.hasRemaining()) {
            int length = in.getShort();
            int from = in.position();
            if (at >= from && at < from + length) {
                return true;
            }
            in.position(from + length + 1);
            in.position(in.position() + 2 + 28 * in.getShort(in.position()));
        }
        return false;
    }

    static void reseal(byte[] file, Entry entry) {
        var crc = new CRC32();
        crc.update(file, (int) entry.at + 4, entry.size - 4);
        ByteBuffer.wrap(file).putInt((int) entry.at, (int) crc.getValue());
    }

    /** The file with bytes that no block owns, the index corrected for it. */
    static byte[] insert(byte[] file, int at, byte[] gap) {
        byte[] gapped = new byte[file.length + gap.length];
        System.arraycopy(file, 0, gapped, 0, at);
        System.arraycopy(gap, 0, gapped, at, gap.length);
        System.arraycopy(file, at, gapped, at + gap.length, file.length - at);
        var bytes = ByteBuffer.wrap(gapped);
        bytes.putLong(gapped.length - 8, indexStart(file) + gap.length);
        for (Entry entry : entries(file)) {
            if (entry.at >= at) {
                bytes.putLong((int) entry.entryAt + gap.length + 16, entry.at + gap.length);
            }
        }
        return gapped;
    }

    static Stream<Path> sound() throws IOException {
        try (Stream<Path> files = Files.walk(FIXTURES.resolve("data"))) {
            return files.filter(path -> path.toString().endsWith(".tsm")).sorted().toList().stream();
        }
    }
}
