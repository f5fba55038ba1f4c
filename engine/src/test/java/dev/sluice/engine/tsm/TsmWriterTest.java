package dev.sluice.engine.tsm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TsmWriterTest {

    @TempDir
    Path dir;

    @Test
    void splitsIntoBlocksAndGoesOnWithAKeyThatComesAgain() throws IOException {
        Path path = dir.resolve("000000001-000000001.tsm");
        try (var writer = new TsmWriter(Channels.newChannel(Files.newOutputStream(path)))) {
            writer.write(key("cpu#!~#idle"), counting(0, 2500));
            writer.write(key("cpu#!~#idle"), counting(2500, 3000));
            writer.write(key("cpu,host=a#!~#idle"), counting(-10, 10));
            writer.finish();
        }
        var seen = new ArrayList<String>();
        try (var channel = FileChannel.open(path)) {
            var file = TsmFile.open(channel);
            file.forEachKey((key, type, blocks) -> seen.add(new String(key, StandardCharsets.UTF_8) + " "
                    + blocks.stream().map(b -> b.minTime() + ".." + b.maxTime()).toList()));
            assertThat(file.summary()).isEqualTo(new TsmFile.Summary(-10, 2999, 2, 5));
        }
        assertThat(seen)
                .containsExactly(
                        "cpu#!~#idle [0..999, 1000..1999, 2000..2499, 2500..2999]", "cpu,host=a#!~#idle [-10..9]");
    }

    @Test
    void anIndexLargerThanTheReadBufferIsReadWhole() throws IOException {
        Path path = dir.resolve("000000001-000000001.tsm");
        try (var writer = new TsmWriter(Channels.newChannel(Files.newOutputStream(path)))) {
            for (int i = 0; i < 5000; i++) {
                writer.write(key("m,tag=%05d%s#!~#f".formatted(i, "x".repeat(i % 97))), counting(i, i + 1));
            }
            writer.finish();
        }
        try (var channel = FileChannel.open(path)) {
            assertThat(TsmFile.open(channel).summary()).isEqualTo(new TsmFile.Summary(0, 4999, 5000, 5000));
        }
    }

    @Test
    void refusesWhatWouldMakeAFileThatNobodyCanRead() throws IOException {
        try (var writer = new TsmWriter(Channels.newChannel(new ByteArrayOutputStream()))) {
            assertThatThrownBy(writer::finish).hasMessageContaining("at least one value");
            writer.write(key("b"), counting(5, 9));
            assertThatThrownBy(() -> writer.write(key("a"), counting(0, 1))).hasMessageContaining("keys go back");
            assertThatThrownBy(() -> writer.write(key("b"), counting(8, 9))).hasMessageContaining("times of a key");
            assertThatThrownBy(() -> writer.write(key("b"), TsmBlock.ofBooleans(new long[] {99}, new boolean[1])))
                    .hasMessageContaining("INTEGER and BOOLEAN");
            assertThatThrownBy(() -> writer.write(new byte[65536], counting(0, 1)))
                    .hasMessageContaining("keys go back");
            assertThatThrownBy(() -> writer.write(key("c".repeat(65536)), counting(0, 1)))
                    .hasMessageContaining("65536");
            writer.finish();
            assertThatThrownBy(() -> writer.write(key("z"), counting(0, 1))).hasMessageContaining("finished");
        }
    }

    private static byte[] key(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static TsmBlock counting(long from, long to) {
        long[] times = LongStream.range(from, to).toArray();
        return TsmBlock.ofIntegers(times, times.clone());
    }
}
