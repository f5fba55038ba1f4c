package dev.sluice.engine.tsm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.tsm.TsmSummary.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TsmSummaryTest {

    private static final Path FIXTURES = Path.of("src/test/resources/fixtures/tsm");
    private static final Path FX_MIXED = FIXTURES.resolve("data/fx_mixed/autogen/8");
    private static final long START = 1_600_000_000_000_000_000L;

    @ParameterizedTest
    @MethodSource("files")
    void figuresAreThoseOfAnotherDecoder(String name, List<FixtureFilesTest.Expected> blocks) throws IOException {
        TsmSummary summary = TsmSummary.of(List.of(source(FIXTURES.resolve(name))), true);
        assertThat(summary.values())
                .isEqualTo(blocks.stream()
                        .mapToLong(FixtureFilesTest.Expected::values)
                        .sum());
        assertThat(summary.blocks()).isEqualTo(blocks.size());
        assertThat(summary.keys())
                .isEqualTo(blocks.stream()
                        .map(FixtureFilesTest.Expected::key)
                        .distinct()
                        .count());
        assertThat(summary.blockBytes())
                .isEqualTo(blocks.stream()
                        .mapToLong(FixtureFilesTest.Expected::size)
                        .sum());
        assertThat(summary.measurements().stream()
                        .mapToLong(TsmSummary.Measurement::values)
                        .sum())
                .isEqualTo(summary.values());
        assertThat(summary.complete()).isTrue();
        assertThat(summary.unreadable()).isZero();
    }

    @Test
    void filesOfAShardAreSeenAsOne() throws IOException {
        TsmSummary summary = TsmSummary.of(
                List.of(
                        source(FX_MIXED.resolve("000000001-000000001.tsm")),
                        source(FX_MIXED.resolve("000000002-000000001.tsm"))),
                true);
        assertThat(summary.measurements())
                .extracting(TsmSummary.Measurement::name)
                .containsExactly("cpu", "mem", "note");
        TsmSummary.Measurement cpu = summary.measurements().get(0);
        assertThat(cpu.fields())
                .containsExactly(
                        Map.entry("idle", Set.of(BlockType.INTEGER)), Map.entry("usage", Set.of(BlockType.FLOAT)));
        assertThat(summary.minTime()).isEqualTo(START);
        assertThat(summary.encodings()).containsKeys("times, run", "floats, xor", "strings, snappy");
    }

    @Test
    void whatATombstoneCoversDoesNotCount() throws IOException {
        Tombstone tombstone =
                Tombstone.read(() -> Files.newInputStream(FX_MIXED.resolve("000000001-000000001.tombstone")));
        Source whole = source(FX_MIXED.resolve("000000001-000000001.tsm"));
        TsmSummary all = TsmSummary.of(List.of(whole), false);
        TsmSummary left = TsmSummary.of(List.of(new Source(whole.channel(), tombstone)), false);
        assertThat(all.keys() - left.keys()).isEqualTo(1); // mem,host=b free
        assertThat(left.values()).isEqualTo(-1);
    }

    @Test
    void seriesAreCountedOnceWhateverTheirNamesLookLike() throws IOException {
        var random = new Random(23);
        String[] names = {"m", "m!", "m$", "m,a=b", "m#", "m\\,a", "m!,a=b", "m,a=b!", "m,a=b\\ c", "n"};
        for (int round = 0; round < 50; round++) {
            var keys = new HashSet<String>();
            var sources = new Source[1 + random.nextInt(4)];
            for (int i = 0; i < sources.length; i++) {
                var content = new TreeSet<byte[]>(Arrays::compareUnsigned);
                for (int k = 1 + random.nextInt(25); k > 0; k--) {
                    String key = names[random.nextInt(names.length)] + "#!~#" + "f".repeat(1 + random.nextInt(3));
                    keys.add(key);
                    content.add(key.getBytes(ISO_8859_1));
                }
                sources[i] = new Source(new SeekableInMemoryByteChannel(file(content)), Deletions.NONE);
            }
            TsmSummary summary = TsmSummary.of(List.of(sources), round % 2 == 0);
            assertThat(summary.keys()).isEqualTo(keys.size());
            var series = new TreeMap<String, Set<String>>();
            for (String key : keys) {
                String line = key.split("#!~#", 2)[0];
                String name = line.replace("\\,", "\0").split(",", 2)[0].replace("\0", ",");
                series.computeIfAbsent(name, n -> new HashSet<>()).add(line);
            }
            assertThat(summary.series())
                    .isEqualTo(series.values().stream().mapToLong(Set::size).sum());
            var counted = new TreeMap<String, Long>();
            summary.measurements().forEach(m -> counted.put(m.name(), m.series()));
            var expected = new TreeMap<String, Long>();
            series.forEach((name, lines) -> expected.put(name, (long) lines.size()));
            assertThat(counted).isEqualTo(expected);
        }
    }

    @Test
    void measurementsBeyondTheLimitStayInTheTotals() throws IOException {
        var keys = new TreeSet<byte[]>(Arrays::compareUnsigned);
        for (int i = 0; i < Summing.MOST_MEASUREMENTS + 5; i++) {
            keys.add("m%05d#!~#f".formatted(i).getBytes(ISO_8859_1));
        }
        TsmSummary summary =
                TsmSummary.of(List.of(new Source(new SeekableInMemoryByteChannel(file(keys)), Deletions.NONE)), false);
        assertThat(summary.measurements()).hasSize(Summing.MOST_MEASUREMENTS);
        assertThat(summary.complete()).isFalse();
        assertThat(summary.series()).isEqualTo(keys.size());
    }

    @Test
    void nothingAndDamageAreTold() throws IOException {
        assertThat(TsmSummary.of(List.of(), true).isEmpty()).isTrue();
        byte[] file = Files.readAllBytes(FX_MIXED.resolve("000000001-000000001.tsm"));
        byte[] block = file.clone();
        block[9] = 9; // type of the first block
        assertThat(TsmSummary.of(List.of(new Source(new SeekableInMemoryByteChannel(block), Deletions.NONE)), true)
                        .unreadable())
                .isEqualTo(1);
        byte[] cut = Arrays.copyOf(file, file.length - 1);
        assertThatThrownBy(() ->
                        TsmSummary.of(List.of(new Source(new SeekableInMemoryByteChannel(cut), Deletions.NONE)), false))
                .isInstanceOf(TsmDamaged.class);
    }

    private static byte[] file(Set<byte[]> keys) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(out))) {
            for (byte[] key : keys) {
                writer.write(key, TsmBlock.ofBooleans(new long[] {1}, new boolean[1]));
            }
            writer.finish();
        }
        return out.toByteArray();
    }

    private static Source source(Path file) throws IOException {
        return new Source(new SeekableInMemoryByteChannel(Files.readAllBytes(file)), Deletions.NONE);
    }

    static Stream<Arguments> files() throws IOException {
        return FixtureFilesTest.files();
    }
}
