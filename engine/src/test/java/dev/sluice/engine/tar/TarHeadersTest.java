package dev.sluice.engine.tar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayInputStream;
import java.time.Instant;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TarHeadersTest {

    private static final Instant TIME = Instant.parse("2026-11-23T00:24:20Z");

    /** The recorded servers ran as root; all else of their headers has to come out of the same facts. */
    @ParameterizedTest
    @CsvSource({
        "1.6.7/rpc/shard.response, telemetry/autogen/1/000000001-000000001.tsm, 52809, 512",
        "1.8.10/rpc/shard.response, telemetry/autogen/1/000000001-000000001.tsm, 52809, 512",
        "1.12.4/rpc/shard.response, telemetry/autogen/1/000000001-000000001.tsm, 52809, 512",
        "1.8.10/portable-all/20261123T002426Z.s18.tar.gz, plant 日本/one.week/18/000000001-000000001.tsm, 20178, 1536"
    })
    void buildsTheHeadersThatServersSend(String file, String path, long size, int length) throws Exception {
        byte[] archive = Archives.recorded(file);
        Instant modified;
        try (var tar = new TarArchiveInputStream(new ByteArrayInputStream(archive))) {
            modified = tar.getNextEntry().getLastModifiedTime().toInstant();
        }

        byte[] header = bytes(TarHeaders.encode(
                UnpooledByteBufAllocator.DEFAULT, path, size, modified.minusNanos(1), 0644, "root", "root"));

        assertThat(ByteBufUtil.prettyHexDump(Unpooled.wrappedBuffer(header)))
                .isEqualTo(ByteBufUtil.prettyHexDump(Unpooled.wrappedBuffer(archive, 0, length)));
    }

    @Test
    void readersOfOthersUnderstandEveryHeader() throws Exception {
        for (int seed = 0; seed < 300; seed++) {
            var random = new Random(seed);
            String path = word(random, 255) + "/" + word(random, 255) + "/" + random.nextInt(100_000) + "/"
                    + word(random, 40);
            long size = random.nextInt(4) == 0 ? random.nextLong() >>> (1 + random.nextInt(40)) : random.nextInt(5000);
            Instant modified =
                    Instant.ofEpochSecond(random.nextInt(4) == 0 ? random.nextInt() * 16L : random.nextInt(1 << 30));
            byte[] header = bytes(
                    TarHeaders.encode(UnpooledByteBufAllocator.DEFAULT, path, size, modified, random.nextInt(512)));

            assertThat(header.length % 512).isZero();
            try (var tar = new TarArchiveInputStream(new ByteArrayInputStream(header), "UTF-8")) {
                var entry = tar.getNextEntry();
                assertThat(entry.getName()).as("seed %d", seed).isEqualTo(path);
                assertThat(entry.getSize()).isEqualTo(size);
                assertThat(entry.getLastModifiedTime().toInstant()).isEqualTo(modified);
                assertThat(entry.isFile()).isTrue();
            }
        }
    }

    @Test
    void longAsciiPathsAreSplitAsLongAsTheyFit() {
        String path = "d".repeat(100) + "/" + "p".repeat(50) + "/1/000000001-000000001.tsm";

        byte[] header = bytes(TarHeaders.encode(UnpooledByteBufAllocator.DEFAULT, path, 1, TIME, 0644));

        assertThat(header).hasSize(512);
        assertThat(new String(header, 0, 25, UTF_8)).isEqualTo("000000001-000000001.tsm\0\0");
        assertThat(new String(header, 345, 153, UTF_8)).isEqualTo("d".repeat(100) + "/" + "p".repeat(50) + "/1");
    }

    @Test
    void roundsTimesToSeconds() {
        byte[] up =
                bytes(TarHeaders.encode(UnpooledByteBufAllocator.DEFAULT, "a/b/1/c", 1, TIME.plusMillis(500), 0644));
        byte[] down =
                bytes(TarHeaders.encode(UnpooledByteBufAllocator.DEFAULT, "a/b/1/c", 1, TIME.plusMillis(499), 0644));

        assertThat(mtime(up)).isEqualTo(TIME.getEpochSecond() + 1);
        assertThat(mtime(down)).isEqualTo(TIME.getEpochSecond());
    }

    @Test
    void refusesNonsense() {
        var alloc = UnpooledByteBufAllocator.DEFAULT;

        assertThatThrownBy(() -> TarHeaders.encode(alloc, "", 1, TIME, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TarHeaders.encode(alloc, "a\0b", 1, TIME, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TarHeaders.encode(alloc, "a", -1, TIME, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static long mtime(byte[] header) {
        return Long.parseLong(new String(header, 136, 11, UTF_8), 8);
    }

    private static String word(Random random, int maxBytes) {
        String letters = random.nextBoolean() ? "abc.-_ 0" : "aü日ñ𝄞.";
        int[] codes = letters.codePoints().toArray();
        var word = new StringBuilder("w");
        int length = random.nextInt(maxBytes);
        while (word.toString().getBytes(UTF_8).length < length) {
            word.appendCodePoint(codes[random.nextInt(codes.length)]);
        }
        return word.toString();
    }

    private static byte[] bytes(ByteBuf header) {
        byte[] bytes = ByteBufUtil.getBytes(header);
        header.release();
        return bytes;
    }
}
