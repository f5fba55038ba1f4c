package dev.sluice.engine.tsm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.testkit.CountedFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TsmFileTest {

    @TempDir
    Path dir;

    private final TreeMap<String, TsmBlock> content = new TreeMap<>(); // ASCII: the order of strings is that of bytes
    private Path path = Path.of("");

    @BeforeEach
    void write() throws IOException {
        path = dir.resolve("000000001-000000001.tsm");
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++) {
            long[] times = {i, i + 10L};
            String key = "m,t=%d%s#!~#f".formatted(random.nextInt(1_000_000), "x".repeat(random.nextInt(60)));
            content.put(key, TsmBlock.ofIntegers(times, times.clone()));
        }
        try (var writer =
                new TsmWriter(FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
            for (var entry : content.entrySet()) {
                writer.write(entry.getKey().getBytes(UTF_8), entry.getValue());
            }
            writer.finish();
        }
    }

    @Test
    void aKeyIsFoundWithoutReadingTheWholeIndexAgain() throws IOException {
        var counted = new CountedFile(path);
        try (var channel = counted.open()) {
            var file = TsmFile.open(channel);
            file.from("m".getBytes(UTF_8));
            counted.read();
            var random = new Random(8);
            for (int i = 0; i < 200; i++) {
                String wanted = "m,t=" + random.nextInt(1_000_000);
                var cursor = file.from(wanted.getBytes(UTF_8));
                for (var entry : content.tailMap(wanted, true).entrySet().stream()
                        .limit(3)
                        .toList()) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(new String(cursor.key(), UTF_8)).isEqualTo(entry.getKey());
                    assertThat(file.values(cursor.type(), cursor.blocks().get(0)))
                            .isEqualTo(entry.getValue());
                }
            }
            assertThat(counted.read() / 200).isLessThan(200_000).isLessThan(channel.size() / 5);
            assertThat(file.from("n".getBytes(UTF_8)).next()).isFalse();
            assertThat(file.from(content.lastKey().getBytes(UTF_8)).next()).isTrue();
        }
    }

    @Test
    void aBlockThatTheIndexDescribesWronglyIsRefused() throws IOException {
        try (var channel = FileChannel.open(path)) {
            var file = TsmFile.open(channel);
            var cursor = file.index();
            cursor.next();
            BlockEntry good = cursor.blocks().get(0);
            assertThat(file.values(BlockType.INTEGER, good).time(0)).isEqualTo(good.minTime());
            assertThatThrownBy(() -> file.values(BlockType.FLOAT, good)).isInstanceOf(TsmDamaged.class);
            var late = new BlockEntry(good.minTime(), good.maxTime() + 1, good.offset(), good.size());
            assertThatThrownBy(() -> file.values(BlockType.INTEGER, late))
                    .isInstanceOf(TsmDamaged.class)
                    .hasMessageContaining("INTEGER values from");
            var absurd = new BlockEntry(0, 1, good.offset(), Integer.MAX_VALUE);
            assertThatThrownBy(() -> file.values(BlockType.INTEGER, absurd))
                    .isInstanceOf(TsmDamaged.class)
                    .hasMessageContaining("2147483647 bytes");
        }
    }

    @Test
    void entriesOfABlockTellWhetherTheyMatterForAWindow() {
        var entry = new BlockEntry(10, 20, 5, 30);
        assertThat(entry.touches(20, 99)).isTrue();
        assertThat(entry.touches(0, 10)).isTrue();
        assertThat(entry.touches(21, 99)).isFalse();
        assertThat(entry.touches(0, 9)).isFalse();
    }

    @Test
    void anIndexThatEndsInsideItsLastKeyIsRefused() throws IOException {
        // Header, a block of one byte, an index whose key should have 65535 bytes, footer.
        byte[] bytes = HexFormat.of().parseHex("16d116d101" + "0000000000" + "ffff61" + "000000000000000a");
        Path cut = Files.write(dir.resolve("cut.tsm"), bytes);
        try (var channel = FileChannel.open(cut)) {
            var cursor = TsmFile.open(channel).index();
            assertThatThrownBy(cursor::next).isInstanceOf(TsmDamaged.class).hasMessageContaining("middle of a record");
        }
    }
}
