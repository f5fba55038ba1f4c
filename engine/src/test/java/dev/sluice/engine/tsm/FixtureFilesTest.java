package dev.sluice.engine.tsm;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that influxd and influx_tools wrote, against a list of their blocks made by another decoder. */
class FixtureFilesTest {

    private static final Path FIXTURES = Path.of("src/test/resources/fixtures/tsm");

    /** A line of {@code blocks.tsv}. */
    record Expected(
            String file,
            String key,
            int type,
            int values,
            long minTime,
            long maxTime,
            long offset,
            int size,
            String crc) {}

    @ParameterizedTest
    @MethodSource("files")
    void indexAndBlocksAreWhatAnotherDecoderFound(String name, List<Expected> blocks) throws IOException {
        var found = new ArrayList<Expected>();
        try (var channel = FileChannel.open(FIXTURES.resolve(name))) {
            var file = TsmFile.open(channel);
            file.forEachKey((key, type, entries) -> {
                for (BlockEntry entry : entries) {
                    ByteBuffer bytes = file.block(entry);
                    String crc = "%08x".formatted(bytes.getInt(0));
                    TsmBlock block = TsmBlock.decode(bytes);
                    assertThat(block.type()).isEqualTo(type);
                    found.add(new Expected(
                            name,
                            HexFormat.of().formatHex(key),
                            type.code(),
                            block.size(),
                            block.time(0),
                            block.time(block.size() - 1),
                            entry.offset(),
                            entry.size(),
                            crc));
                    assertThat(entry.minTime()).isEqualTo(block.time(0));
                    assertThat(entry.maxTime()).isEqualTo(block.time(block.size() - 1));
                }
            });
            assertThat(file.summary())
                    .isEqualTo(new TsmFile.Summary(
                            blocks.stream().mapToLong(Expected::minTime).min().orElseThrow(),
                            blocks.stream().mapToLong(Expected::maxTime).max().orElseThrow(),
                            blocks.stream().map(Expected::key).distinct().count(),
                            blocks.size()));
        }
        assertThat(found).isEqualTo(blocks);
    }

    @ParameterizedTest
    @MethodSource("files")
    void blocksEncodeToTheSameBytesAgain(String name) throws IOException {
        try (var channel = FileChannel.open(FIXTURES.resolve(name))) {
            var file = TsmFile.open(channel);
            file.forEachKey((key, type, entries) -> {
                for (BlockEntry entry : entries) {
                    ByteBuffer original = file.block(entry);
                    TsmBlock block = TsmBlock.decode(original.duplicate());
                    ByteBuffer again = block.encode();
                    assertThat(TsmBlock.decode(again)).isEqualTo(block);
                    if (type == BlockType.STRING || name.contains("compact")) {
                        // How snappy finds matches is free; compaction has encoders of its own.
                        int values = type == BlockType.STRING ? 6 + original.get(5) : 4;
                        assertThat(again.slice(4, values - 4)).isEqualTo(original.slice(4, values - 4));
                    } else {
                        assertThat(HexFormat.of().formatHex(bytes(again)))
                                .isEqualTo(HexFormat.of().formatHex(bytes(original)));
                    }
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void writerMakesTheSameFileFromTheSameValues(String name, List<Expected> ignored, @TempDir Path dir)
            throws IOException {
        Path copy = dir.resolve("copy.tsm");
        boolean[] free = {name.contains("compact")}; // has larger blocks than a snapshot
        try (var channel = FileChannel.open(FIXTURES.resolve(name));
                var writer = new TsmWriter(
                        FileChannel.open(copy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
            var file = TsmFile.open(channel);
            file.forEachKey((key, type, entries) -> {
                for (BlockEntry entry : entries) {
                    writer.write(key, TsmBlock.decode(file.block(entry)));
                }
                free[0] |= type == BlockType.STRING;
            });
            writer.finish();
        }
        if (free[0]) {
            assertThat(values(copy)).isEqualTo(values(FIXTURES.resolve(name)));
        } else {
            assertThat(copy).hasSameBinaryContentAs(FIXTURES.resolve(name));
        }
    }

    @Test
    void readsTheValuesOfTheWorkedExample() throws IOException {
        assertThat(values(FIXTURES.resolve("data/fx_tiny/autogen/1/000000001-000000001.tsm")))
                .containsExactly(
                        Map.entry(
                                "m,t=a#!~#b",
                                List.of(
                                        "1600000000000000000 true",
                                        "1600000010000000000 false",
                                        "1600000020000000000 true")),
                        Map.entry(
                                "m,t=a#!~#f",
                                List.of(
                                        "1600000000000000000 1.5",
                                        "1600000010000000000 2.5",
                                        "1600000020000000000 2.5")),
                        Map.entry(
                                "m,t=a#!~#i",
                                List.of("1600000000000000000 10", "1600000010000000000 12", "1600000020000000000 9")),
                        Map.entry(
                                "m,t=a#!~#s",
                                List.of("1600000000000000000 hi", "1600000010000000000 ", "1600000020000000000 hi")));
    }

    @Test
    void aFlippedBitIsFoundByTheChecksum() {
        Path damaged = FIXTURES.resolve("corrupt/bitflip/data/db/rp/1/000000001-000000001.tsm");
        assertThatThrownBy(() -> values(damaged)).isInstanceOf(TsmDamaged.class).hasMessageContaining("checksum");
    }

    @Test
    void aFileThatWasCutIsRefused() {
        Path cut = FIXTURES.resolve("corrupt/truncated/data/db/rp/1/000000001-000000001.tsm");
        assertThatThrownBy(() -> values(cut)).isInstanceOf(TsmDamaged.class).hasMessageContaining("index starts at");
    }

    @Test
    void noCutOfAFileIsTakenForAWholeOne(@TempDir Path dir) throws IOException {
        byte[] whole = Files.readAllBytes(FIXTURES.resolve("data/fx_tiny/autogen/1/000000001-000000001.tsm"));
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(dir.resolve("cut.tsm"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> values(cut)).as("%d bytes", length).isInstanceOf(TsmDamaged.class);
        }
    }

    static Map<String, List<String>> values(Path path) throws IOException {
        var all = new LinkedHashMap<String, List<String>>();
        try (var channel = FileChannel.open(path)) {
            var file = TsmFile.open(channel);
            file.forEachKey((key, type, entries) -> {
                var list = new ArrayList<String>();
                for (BlockEntry entry : entries) {
                    TsmBlock block = TsmBlock.decode(file.block(entry));
                    for (int i = 0; i < block.size(); i++) {
                        list.add(block.time(i) + " " + value(block, i));
                    }
                }
                all.put(latin1(key), list);
            });
        }
        return all;
    }

    static String value(TsmBlock block, int index) {
        return switch (block.type()) {
            case FLOAT -> Double.toString(block.floatAt(index));
            case INTEGER -> Long.toString(block.integerAt(index));
            case UNSIGNED -> Long.toUnsignedString(block.integerAt(index));
            case BOOLEAN -> Boolean.toString(block.booleanAt(index));
            case STRING -> latin1(block.stringAt(index));
        };
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    static Stream<Arguments> files() throws IOException {
        return Files.readAllLines(FIXTURES.resolve("blocks.tsv")).stream()
                .skip(1)
                .map(line -> line.split("\t", -1))
                .map(c -> new Expected(
                        c[0],
                        c[2],
                        Integer.parseInt(c[3]),
                        Integer.parseInt(c[4]),
                        Long.parseLong(c[5]),
                        Long.parseLong(c[6]),
                        Long.parseLong(c[7]),
                        Integer.parseInt(c[8]),
                        c[9]))
                .collect(groupingBy(Expected::file, LinkedHashMap::new, toList()))
                .entrySet()
                .stream()
                .map(e -> Arguments.of(e.getKey(), e.getValue()));
    }
}
