package dev.sluice.engine.tsm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TsmRewriterTest {

    private static final Path FIXTURES = Path.of("src/test/resources/fixtures/tsm");
    private static final String FILE = "data/db/rp/1/000000001-000000001.";

    @TempDir
    Path dir;

    /** The original's export applies v3 and v4; v2 lists the same deletions and is misread by it. */
    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v4"})
    void whatIsLeftIsWhatTheOriginalExports(String version) throws IOException {
        Path fixture = FIXTURES.resolve("tombstone-versions/" + version);
        Tombstone tombstone = Tombstone.read(() -> Files.newInputStream(fixture.resolve(FILE + "tombstone")));
        TsmRewriter.Result result = rewrite(fixture.resolve(FILE + "tsm"), tombstone);

        Path golden = FIXTURES.resolve("tombstone-versions/v4/export.lponly.txt");
        assertThat(lines(out())).containsExactlyElementsOf(Files.readAllLines(golden));
        assertThat(result.removedValues()).isEqualTo(13);
        assertThat(result.droppedKeys()).isEqualTo(1);
        assertThat(result.size()).isEqualTo(Files.size(out()));
        assertSound(out());
    }

    @Test
    void deletedPointsStayDeletedAfterARestore() throws IOException { // known defect R4 of the original
        Path shard = FIXTURES.resolve("data/fx_mixed/autogen/8");
        var left = new ArrayList<String>();
        for (String name : List.of("000000001-000000001", "000000002-000000001")) {
            Tombstone tombstone = Tombstone.read(() -> Files.newInputStream(shard.resolve(name + ".tombstone")));
            Files.deleteIfExists(out());
            rewrite(shard.resolve(name + ".tsm"), tombstone);
            assertSound(out());
            left.addAll(lines(out()));
        }
        List<String> export = Files.readAllLines(FIXTURES.resolve("export/fx_mixed.txt"));
        int from = 1 + export.indexOf("# writing tsm data");
        int to = export.indexOf("# writing wal data");
        assertThat(left).containsExactlyElementsOf(export.subList(from, to < from ? export.size() : to));
    }

    @Test
    void aFileThatNothingHitsIsCopiedByteForByte() throws IOException {
        Path in = FIXTURES.resolve("data/fx_float/autogen/1/000000001-000000001.tsm");
        TsmRewriter.Result result = rewrite(in, key -> TimeSet.of(0, 5));
        assertThat(out()).hasSameBinaryContentAs(in);
        assertThat(result.removedValues()).isZero();
        try (var channel = FileChannel.open(in)) {
            assertThat(TsmRewriter.isNeeded(channel, key -> TimeSet.of(0, 5))).isFalse();
            assertThat(TsmRewriter.isNeeded(channel, key -> TimeSet.ALL)).isTrue();
        }
    }

    @Test
    void aFileWithNothingLeftGivesNoFile() throws IOException {
        TsmRewriter.Result result =
                rewrite(FIXTURES.resolve("data/fx_tiny/autogen/1/000000001-000000001.tsm"), key -> TimeSet.ALL);
        assertThat(result.isEmpty()).isTrue();
        assertThat(result.removedValues()).isEqualTo(12);
        assertThat(out()).doesNotExist();
    }

    @Test
    void slicesByMeasurementAndTime() throws IOException {
        Path in = FIXTURES.resolve("data/fx_mixed/autogen/8/000000001-000000001.tsm");
        long second = 1_600_000_003_000_000_000L;
        rewrite(in, Deletions.outsideMeasurements("cpu"::equals).and(Deletions.outside(TimeSet.of(second, second))));
        assertThat(lines(out())).isNotEmpty().allMatch(line -> line.startsWith("cpu,") && line.endsWith(" " + second));
        List<String> expected = FixtureFilesTest.values(in).keySet().stream()
                .filter(key -> key.startsWith("cpu,"))
                .toList();
        assertThat(FixtureFilesTest.values(out()).keySet()).containsExactlyElementsOf(expected);
    }

    @Test
    void aDamagedBlockIsCopiedOrDroppedButNeverFiltered() throws IOException {
        Path in = FIXTURES.resolve("corrupt/tombstoned-key/data/db/rp/1/000000001-000000001.tsm");
        assertThatThrownBy(() -> rewrite(in, key -> TimeSet.of(0, 1_600_000_003_000_000_000L)))
                .isInstanceOf(TsmDamaged.class)
                .hasMessageContaining("checksum");
        Files.deleteIfExists(out());
        Tombstone tombstone =
                Tombstone.read(() -> Files.newInputStream(in.resolveSibling("000000001-000000001.tombstone")));
        rewrite(in, tombstone); // deletes the damaged key
        assertSound(out());
    }

    @Test
    void randomFilesKeepExactlyWhatIsNotDeleted() throws IOException {
        var random = new Random(31);
        for (int round = 0; round < 40; round++) {
            Path in = dir.resolve("in.tsm");
            Map<String, List<TsmBlock>> content = content(random);
            write(in, content);
            assertSound(in);
            Map<String, TimeSet> gone = new TreeMap<>();
            content.forEach((key, blocks) -> gone.put(key, some(blocks, random)));

            Files.deleteIfExists(out());
            TsmRewriter.Result result = rewrite(in, key -> gone.getOrDefault(latin1(key), TimeSet.NONE));

            var expected = new LinkedHashMap<String, List<String>>();
            long removed = 0;
            for (var entry : content.entrySet()) {
                var left = new ArrayList<String>();
                for (TsmBlock block : entry.getValue()) {
                    for (int i = 0; i < block.size(); i++) {
                        if (gone.getOrDefault(entry.getKey(), TimeSet.NONE).contains(block.time(i))) {
                            removed++;
                        } else {
                            left.add(block.time(i) + " " + FixtureFilesTest.value(block, i));
                        }
                    }
                }
                if (!left.isEmpty()) {
                    expected.put(entry.getKey(), left);
                }
            }
            assertThat(result.removedValues()).isEqualTo(removed);
            assertThat(result.keys()).isEqualTo(expected.size());
            if (expected.isEmpty()) {
                assertThat(out()).doesNotExist();
            } else {
                assertThat(FixtureFilesTest.values(out())).isEqualTo(expected);
                assertSound(out());
            }
            Files.delete(in);
        }
    }

    @Test
    void aKeyWithAsManyBlocksAsAnIndexCanTellOfIsRewritten() throws IOException {
        Path in = dir.resolve("in.tsm");
        try (var writer = new TsmWriter(FileChannel.open(in, StandardOpenOption.CREATE, StandardOpenOption.WRITE))) {
            for (int i = 0; i < TsmWriter.MAX_ENTRIES; i++) {
                assertThat(writer.isFull()).isFalse();
                writer.write(key("m#!~#f"), TsmBlock.ofBooleans(new long[] {2L * i, 2L * i + 1}, new boolean[2]));
            }
            assertThat(writer.isFull()).isTrue();
            writer.finish();
        }
        TsmRewriter.Result result = rewrite(in, key -> TimeSet.of(1, 4));
        assertThat(result.droppedBlocks()).isEqualTo(1);
        assertThat(result.rewrittenBlocks()).isEqualTo(2);
        assertThat(result.copiedBlocks()).isEqualTo(65_532);
        assertSound(out());
    }

    @Test
    void aLargeIndexWaitsInTheScratch() throws IOException {
        Path in = dir.resolve("in.tsm");
        try (var writer = new TsmWriter(FileChannel.open(in, StandardOpenOption.CREATE, StandardOpenOption.WRITE))) {
            for (int i = 0; i < 2000; i++) { // 8 MB of keys
                String key = "m,t=%05d%s#!~#f".formatted(i, "x".repeat(4000));
                writer.write(key(key), TsmBlock.ofIntegers(new long[] {i}, new long[] {i}));
            }
            writer.finish();
        }
        int[] opened = {0};
        try (var channel = FileChannel.open(in)) {
            TsmRewriter.rewrite(channel, key -> TimeSet.of(5, 5), this::open, () -> {
                opened[0]++;
                return Scratch.in(dir).open();
            });
        }
        assertThat(opened[0]).isEqualTo(1);
        assertSound(out());
        assertThat(FixtureFilesTest.values(out())).hasSize(1999);
        assertThat(dir).isDirectoryNotContaining("glob:**.tmp");
    }

    private Path out() {
        return dir.resolve("out.tsm");
    }

    private FileChannel open() throws IOException {
        return FileChannel.open(out(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private TsmRewriter.Result rewrite(Path in, Deletions deletions) throws IOException {
        try (var channel = FileChannel.open(in)) {
            return TsmRewriter.rewrite(channel, deletions, this::open, Scratch.in(dir));
        }
    }

    private static void assertSound(Path file) throws IOException {
        try (var channel = FileChannel.open(file)) {
            assertThat(TsmIndexCheck.check("out.tsm", channel, true).findings()).isEmpty();
        }
    }

    private static Map<String, List<TsmBlock>> content(Random random) {
        var keys = random.ints(1 + random.nextInt(30), 0, 10_000)
                .mapToObj("m,t=%04d#!~#f"::formatted)
                .collect(toCollection(TreeSet::new));
        var content = new TreeMap<String, List<TsmBlock>>();
        for (String key : keys) {
            BlockType type = BlockType.ofCode(random.nextInt(5));
            var blocks = new ArrayList<TsmBlock>();
            long after = Long.MIN_VALUE;
            for (int i = random.nextInt(4); i >= 0; i--) {
                TsmBlock block = Columns.block(type, random);
                if (block.time(0) > after) {
                    blocks.add(block);
                    after = block.time(block.size() - 1);
                }
            }
            content.put(key, blocks);
        }
        return content;
    }

    private static TimeSet some(List<TsmBlock> blocks, Random random) {
        TimeSet gone = random.nextInt(6) == 0 ? TimeSet.ALL : TimeSet.NONE;
        for (int i = random.nextInt(4); i > 0; i--) {
            TsmBlock block = blocks.get(random.nextInt(blocks.size()));
            long one = block.time(random.nextInt(block.size()));
            long other = block.time(random.nextInt(block.size()));
            gone = gone.union(TimeSet.of(Math.min(one, other), Math.max(one, other)));
        }
        return gone;
    }

    private static void write(Path path, Map<String, List<TsmBlock>> content) throws IOException {
        try (var writer =
                new TsmWriter(FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
            for (var entry : content.entrySet()) {
                for (TsmBlock block : entry.getValue()) {
                    writer.writeBlock(key(entry.getKey()), block);
                }
            }
            writer.finish();
        }
    }

    /** As influx_inspect exports: one line for each value. Enough for the names and values of these fixtures. */
    private static List<String> lines(Path file) throws IOException {
        var lines = new ArrayList<String>();
        try (var channel = FileChannel.open(file)) {
            var open = TsmFile.open(channel);
            open.forEachKey((key, type, entries) -> {
                String[] names = latin1(key).split("#!~#", 2);
                for (BlockEntry entry : entries) {
                    TsmBlock block = open.values(type, entry);
                    for (int i = 0; i < block.size(); i++) {
                        lines.add("%s %s=%s %d".formatted(names[0], names[1], text(block, i), block.time(i)));
                    }
                }
            });
        }
        return lines;
    }

    static String text(TsmBlock block, int index) {
        String value = FixtureFilesTest.value(block, index);
        return switch (block.type()) {
            case FLOAT -> value.replaceFirst("\\.0$", "");
            case INTEGER -> value + "i";
            case UNSIGNED -> value + "u";
            case BOOLEAN -> value;
            case STRING -> '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
        };
    }

    private static String latin1(byte[] key) {
        return new String(key, ISO_8859_1);
    }

    private static byte[] key(String text) {
        return text.getBytes(ISO_8859_1);
    }
}
