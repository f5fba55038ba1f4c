package dev.sluice.engine.tsm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.BlockSizes;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.tsm.TsmCheckTest.Entry;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A check that was told by the index where blocks end, beside one that was not. */
class IndexAheadTest {

    @ParameterizedTest
    @MethodSource("realFiles")
    void allBlocksOfRealFilesAreKnownAndSound(Path path) throws IOException {
        byte[] file = Files.readAllBytes(path);
        BlockSizes.Cursor sizes = sizes(file).orElseThrow().cursor();
        for (Entry entry : TsmCheckTest.entries(file)) {
            assertThat(sizes.at(entry.at() - 1)).isZero();
            assertThat(sizes.at(entry.at())).isEqualTo(entry.size());
        }
        assertThat(sizes.at(TsmCheckTest.indexStart(file))).isZero();

        var random = new Random(1);
        for (ToIntFunction<Integer> cut : List.<ToIntFunction<Integer>>of(
                IndexAheadTest::whole, left -> 1, left -> 1 + random.nextInt(left), left -> 1 + random.nextInt(100))) {
            for (CheckDepth depth : CheckDepth.values()) {
                assertThat(told(file, sizes(file), depth, cut))
                        .isEqualTo(TsmCheckTest.onePass(file, file.length, IndexAheadTest::whole));
            }
        }
    }

    @Test
    void everyFlippedBitIsFoundThatIsFoundByWalking() throws IOException {
        byte[] file = TsmCheckTest.regular();
        Optional<BlockSizes> before = sizes(file);
        for (int bit = 0; bit < file.length * 8; bit++) {
            byte[] flipped = file.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertSameAsWalked("bit " + bit, flipped, sizes(flipped));
            assertSameAsWalked("bit %d, after the index was read".formatted(bit), flipped, before);
        }
    }

    @Test
    void noCutIsTakenForTheEnd() throws IOException {
        byte[] file = TsmCheckTest.regular();
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            for (Optional<BlockSizes> ahead : List.of(sizes(file), sizes(cut))) {
                FileCheck check = check(file.length, ahead, CheckDepth.BLOCKS);
                assertThat(TsmCheckTest.run(check, cut, left -> 100).damaged())
                        .as("%d bytes", length)
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PASSING", "BLOCKS"})
    void anyDamageIsJudgedAsByWalking(CheckDepth depth) throws IOException {
        for (int seed = 0; seed < 400; seed++) {
            var random = new Random(seed);
            byte[] file = written(random);
            byte[] damaged = damaged(file, random);
            ToIntFunction<Integer> cut = left -> 1 + random.nextInt(left);
            CheckResult walked = TsmCheckTest.run(check(damaged.length, Optional.empty(), depth), damaged, cut);
            assertThat(told(damaged, sizes(damaged), depth, cut))
                    .as("seed %d, %s", seed, depth)
                    .isEqualTo(walked);
            assertThat(told(damaged, sizes(file), depth, cut))
                    .as("seed %d, %s, damaged after its index was read", seed, depth)
                    .isEqualTo(walked);
        }
    }

    @Test
    void anotherFilesIndexChangesNothing() throws IOException {
        for (int seed = 0; seed < 100; seed++) {
            byte[] file = written(new Random(seed));
            Optional<BlockSizes> other = sizes(written(new Random(seed + 1_000)));
            assertThat(told(file, other, CheckDepth.BLOCKS, IndexAheadTest::whole))
                    .as("seed %d", seed)
                    .isEqualTo(TsmCheckTest.onePass(file, file.length, IndexAheadTest::whole));
        }
    }

    @Test
    void valuesAreNotWalkedWhereTheIndexAndTheChecksumAgree() throws IOException {
        byte[] file = TsmCheckTest.manyBlocks(4);
        Entry entry = TsmCheckTest.entries(file).get(2);
        var scan = new BlockScan();
        int values =
                scan.head(Arrays.copyOf(file, file.length + BlockScan.SLACK), (int) entry.at(), file.length, 10_000);
        file[values] ^= 0x40; // no such encoding of floats
        TsmCheckTest.reseal(file, entry);

        assertThat(TsmCheckTest.onePass(file, file.length, IndexAheadTest::whole)
                        .damaged())
                .isTrue();
        assertThat(told(file, sizes(file), CheckDepth.VALUES, IndexAheadTest::whole)
                        .damaged())
                .isTrue();
        assertThat(told(file, sizes(file), CheckDepth.BLOCKS, IndexAheadTest::whole)
                        .damaged())
                .isFalse();
    }

    @Test
    void timesAreHeldAgainstTheIndexAllTheSame() throws IOException {
        byte[] file = TsmCheckTest.regular();
        for (Entry entry : TsmCheckTest.entries(file)) {
            for (int of : new int[] {7, 15, 16, 23, 27}) { // of both times, of the place, of the size
                byte[] wrong = file.clone();
                wrong[(int) entry.entryAt() + of] ^= 1;
                assertThat(told(wrong, sizes(wrong), CheckDepth.BLOCKS, IndexAheadTest::whole)
                                .damaged())
                        .as("%s, byte %d of its entry", entry, of)
                        .isTrue();
            }
        }
    }

    @Test
    void whatIsKnownEndsWhereBlocksDoNotFollowEachOther() throws IOException {
        byte[] file = TsmCheckTest.manyBlocks(6);
        List<Entry> entries = TsmCheckTest.entries(file);
        byte[] gapped = TsmCheckTest.insert(file, (int) entries.get(3).at(), new byte[100]);
        BlockSizes.Cursor sizes = sizes(gapped).orElseThrow().cursor();
        for (int i = 0; i < 6; i++) {
            long at = entries.get(i).at() + (i < 3 ? 0 : 100);
            assertThat(sizes.at(at))
                    .as("block %d", i)
                    .isEqualTo(i < 3 ? entries.get(i).size() : 0);
        }
        assertThat(told(gapped, sizes(gapped), CheckDepth.BLOCKS, IndexAheadTest::whole))
                .isEqualTo(TsmCheckTest.onePass(gapped, gapped.length, IndexAheadTest::whole));
    }

    @Test
    void ofAnIndexThatIsTooLongTheFirstPartIsKnown() throws IOException {
        byte[] file = TsmCheckTest.manyBlocks(40);
        List<Entry> entries = TsmCheckTest.entries(file);
        var some = new BlockSizes.Builder(TsmWriter.HEADER);
        entries.subList(0, 10).forEach(entry -> some.add(entry.size()));
        for (int i : new int[] {3, 9, 10, 30}) {
            file[(int) entries.get(i).at() + 30] ^= 4;
        }
        assertThat(told(file, Optional.of(some.build()), CheckDepth.BLOCKS, IndexAheadTest::whole))
                .isEqualTo(TsmCheckTest.onePass(file, file.length, IndexAheadTest::whole));
    }

    @Test
    void neitherMemoryNorReadingGrowsWithTheIndex() throws IOException {
        var endless = new Endless(30);
        BlockSizes sizes = IndexAhead.read(endless, 0, Endless.SIZE).orElseThrow();
        assertThat(endless.most).isLessThanOrEqualTo(1 << 16);
        assertThat(endless.read).isBetween(60L << 20, (64L << 20) + 8);
        BlockSizes.Cursor cursor = sizes.cursor();
        long known = 0;
        for (long at = TsmWriter.HEADER; cursor.at(at) > 0; at += 30) {
            known++;
        }
        assertThat(known).isBetween((60L << 20) / Endless.RECORD, (64L << 20) / Endless.RECORD);
    }

    @Test
    void noMoreSizesAreKeptThanThereIsRoomFor() {
        var sizes = new BlockSizes.Builder(0);
        long count = 0;
        while (sizes.add(1 << 14)) { // of three bytes
            count++;
        }
        assertThat(count).isBetween(BlockSizes.MOST / 3 - 3L, BlockSizes.MOST / 3L);
        assertThat(sizes.add(1)).isFalse();
        BlockSizes.Cursor cursor = sizes.build().cursor();
        assertThat(cursor.at((count - 1) << 14)).isEqualTo(1 << 14);
        assertThat(cursor.at(count << 14)).isZero();
    }

    @Test
    void absurdSizesAreNotBelieved() throws IOException {
        assertThat(sizesOf(IndexAhead.read(new Endless(Integer.MAX_VALUE), 0, Endless.SIZE)))
                .isZero();
        assertThat(sizesOf(IndexAhead.read(new Endless(-1), 0, Endless.SIZE))).isZero();
        assertThat(sizesOf(IndexAhead.read(new Endless(4), 0, Endless.SIZE))).isZero();
        for (byte[] none : new byte[][] {{}, new byte[12], new byte[13], new byte[1000]}) {
            assertThat(sizes(none)).isEmpty();
        }
    }

    /** An index of one key after the other that never ends, of blocks of one size; counts what is read of it. */
    private static final class Endless implements IndexAhead.Place {
        private static final long SIZE = 1L << 46;
        private static final long INDEX = 1L << 45;
        private static final int KEY = 7;
        private static final int RECORD = 2 + KEY + 3 + 28;

        private final int block;
        private long read;
        private int most;

        private Endless(int block) {
            this.block = block;
        }

        @Override
        public int read(ByteBuffer to, long at) {
            read += to.remaining();
            most = Math.max(most, to.remaining());
            int length = to.remaining();
            if (at == SIZE - 8) {
                to.putLong(INDEX);
                return length;
            }
            byte[] record = new byte[RECORD];
            for (long place = at; to.hasRemaining(); place++) {
                long number = (place - INDEX) / RECORD;
                int of = (int) ((place - INDEX) % RECORD);
                if (of == 0 || place == at) {
                    ByteBuffer.wrap(record)
                            .putShort((short) KEY)
                            .position(2 + KEY + 1)
                            .putShort((short) 1)
                            .putLong(1)
                            .putLong(2)
                            .putLong(TsmWriter.HEADER + number * block)
                            .putInt(block);
                }
                to.put(record[of]);
            }
            return length;
        }
    }

    private static int sizesOf(Optional<BlockSizes> sizes) {
        return sizes.map(known -> known.cursor().at(TsmWriter.HEADER)).orElse(0);
    }

    private static void assertSameAsWalked(String what, byte[] file, Optional<BlockSizes> ahead) {
        assertThat(told(file, ahead, CheckDepth.BLOCKS, IndexAheadTest::whole))
                .as(what)
                .isEqualTo(TsmCheckTest.onePass(file, file.length, IndexAheadTest::whole));
    }

    private static CheckResult told(
            byte[] file, Optional<BlockSizes> ahead, CheckDepth depth, ToIntFunction<Integer> cut) {
        return TsmCheckTest.run(check(file.length, ahead, depth), file, cut);
    }

    private static FileCheck check(long size, Optional<BlockSizes> ahead, CheckDepth depth) {
        var start = new ShardPart.FileStart("x.tsm", size, Instant.EPOCH, Unpooled.EMPTY_BUFFER, ahead);
        return FileCheck.of(start, depth).orElseThrow();
    }

    /** As it is found when the file stands behind other bytes. */
    private static Optional<BlockSizes> sizes(byte[] file) throws IOException {
        byte[] place = new byte[512 + file.length];
        System.arraycopy(file, 0, place, 512, file.length);
        return IndexAhead.read(
                (to, at) -> {
                    if (at >= place.length) {
                        return -1;
                    }
                    int count = (int) Math.min(Math.min(to.remaining(), 1000), place.length - at);
                    to.put(place, (int) at, count);
                    return count;
                },
                512,
                file.length);
    }

    private static byte[] written(Random random) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(out))) {
            int keys = 1 + random.nextInt(12);
            for (int key = 0; key < keys; key++) {
                BlockType type = BlockType.ofCode(random.nextInt(5));
                writer.write("m,host=%03d#!~#f".formatted(key).getBytes(ISO_8859_1), Columns.block(type, random));
            }
            writer.finish();
        }
        return out.toByteArray();
    }

    private static byte[] damaged(byte[] file, Random random) {
        List<Entry> entries = TsmCheckTest.entries(file);
        Entry entry = entries.get(random.nextInt(entries.size()));
        Entry other = entries.get(random.nextInt(entries.size()));
        byte[] damaged = file.clone();
        switch (random.nextInt(7)) {
            case 0 -> damaged[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
            case 1 ->
                damaged[TsmCheckTest.indexStart(file) + random.nextInt(file.length - TsmCheckTest.indexStart(file))] ^=
                        (byte) (1 << random.nextInt(8));
            case 2 -> damaged = Arrays.copyOf(file, random.nextInt(file.length));
            case 3 -> { // blocks in another order than in the index, as far as there is room
                System.arraycopy(
                        file,
                        (int) other.at(),
                        damaged,
                        (int) entry.at(),
                        Math.min(other.size(), file.length - (int) entry.at()));
                System.arraycopy(
                        file,
                        (int) entry.at(),
                        damaged,
                        (int) other.at(),
                        Math.min(entry.size(), file.length - (int) other.at()));
            }
            case 4 -> { // a gap
                byte[] gap = new byte[1 + random.nextInt(3000)];
                random.nextBytes(gap);
                damaged = TsmCheckTest.insert(file, (int) entry.at(), gap);
            }
            case 5 -> // entries that overlap, or point elsewhere
                ByteBuffer.wrap(damaged)
                        .putLong((int) entry.entryAt() + 16, other.at() + random.nextInt(other.size()))
                        .putInt((int) entry.entryAt() + 24, 1 + random.nextInt(2 * entry.size()));
            default -> { // a stretch of something else
                int at = random.nextInt(file.length);
                int count = random.nextInt(Math.min(5_000, file.length - at) + 1);
                System.arraycopy(file, random.nextInt(file.length - count + 1), damaged, at, count);
            }
        }
        return damaged;
    }

    static Stream<Path> realFiles() throws IOException {
        return TsmCheckTest.sound();
    }

    /** A cut that leaves the bytes in one piece. */
    private static int whole(int left) {
        return left;
    }
}
