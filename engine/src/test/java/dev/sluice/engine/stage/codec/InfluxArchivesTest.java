package dev.sluice.engine.stage.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.stage.codec.CodecSamples.Placement;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Archives that {@code influxd backup -portable} wrote. */
class InfluxArchivesTest {

    private static final Pattern FILE = Pattern.compile("\"fileName\": \"([^\"]+\\.tar\\.gz)\",\\s+\"size\": (\\d+)");

    @ParameterizedTest
    @CsvSource({"1.6.7, 20261123T002420Z", "1.8.10, 20261123T002426Z", "1.12.4, 20261123T002433Z"})
    void areReadWholeAndBeginAsOursDo(String version, String stamp) {
        String directory = "/fixtures/backups/%s/portable-all/".formatted(version);
        Matcher file = FILE.matcher(
                new String(CodecSamples.resource(directory + stamp + ".manifest"), StandardCharsets.UTF_8));
        int files = 0;
        while (file.find()) {
            byte[] archive = CodecSamples.resource(directory + file.group(1));
            ByteBuf in = Placement.DIRECT.of(archive);
            assertThat(Decoders.detect(in)).isEqualTo(Codec.GZIP);
            byte[] tar = SlabEncoderCheck.decoded(Codec.GZIP, in);
            assertThat(tar).as(file.group(1)).hasSize(Integer.parseInt(file.group(2)));
            assertThat(tar).isEqualTo(CodecSamples.gunzip(archive));

            String name = file.group(1).replace(".tar.gz", ".tar");
            int header = 10 + name.length() + 1;
            for (int level : new int[] {0, 1}) {
                assertThat(Arrays.copyOf(firstMember(level, tar, name), header))
                        .isEqualTo(Arrays.copyOf(archive, header));
            }
            files++;
        }
        assertThat(files).isEqualTo(20);
    }

    private static byte[] firstMember(int level, byte[] tar, String name) {
        ByteBuf slab = Placement.DIRECT.of(tar);
        try (SlabEncoder encoder =
                SlabEncoders.forCompression(new Compression(Codec.GZIP, level)).orElseThrow()) {
            ByteBuf out = Unpooled.directBuffer(encoder.bound(tar.length));
            encoder.encodeFirst(slab, out, name);
            byte[] member = CodecSamples.bytes(out);
            out.release();
            return member;
        } finally {
            slab.release();
        }
    }
}
