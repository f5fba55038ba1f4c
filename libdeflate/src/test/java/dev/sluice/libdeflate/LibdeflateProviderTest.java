package dev.sluice.libdeflate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.stage.codec.CodecSamples;
import dev.sluice.engine.stage.codec.CodecSamples.Content;
import dev.sluice.engine.stage.codec.GzipEncoderProvider;
import dev.sluice.engine.stage.codec.SlabEncoder;
import dev.sluice.engine.stage.codec.SlabEncoderCheck;
import dev.sluice.engine.stage.codec.SlabEncoders;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LibdeflateProviderTest {

    private final GzipEncoderProvider provider = new LibdeflateProvider();

    @Test
    @EnabledForJreRange(maxVersion = 24)
    void staysAsideBeforeJava25() {
        assertThat(provider.availability().available()).isFalse();
        assertThat(provider.availability().reason()).startsWith("needs Java 25, this is ");
        assertThatIllegalStateException().isThrownBy(() -> provider.create(2));
        try (SlabEncoder encoder = encoder(2)) {
            assertThat(encoder.name()).isEqualTo("gzip:2 by the JDK");
        }
    }

    @Test
    void isFoundBeforeTheJdk() {
        assertThat(SlabEncoders.gzipProviders())
                .extracting(GzipEncoderProvider::name)
                .containsExactly("libdeflate", "Sluice", "the JDK");
    }

    @Test
    void leavesLevelOneToTheFasterOne() {
        assertThat(provider.offers(1)).isFalse();
        try (SlabEncoder encoder = encoder(1)) {
            assertThat(encoder.name()).isEqualTo("gzip:1 by Sluice");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9})
    @EnabledForJreRange(minVersion = 25)
    void everyLevelItOffersComesBack(int level) {
        try (SlabEncoder encoder = encoder(level)) {
            assertThat(encoder.name()).isEqualTo("gzip:%d by libdeflate".formatted(level));
            SlabEncoderCheck.smallSlabsComeBack(encoder, Codec.GZIP);
            SlabEncoderCheck.largeSlabsComeBack(encoder, Codec.GZIP);
        }
    }

    @Test
    @EnabledForJreRange(minVersion = 25)
    void aSlabThatDoesNotShrinkIsStored() {
        try (SlabEncoder encoder = encoder(6)) {
            byte[] member = CodecSamples.encoded(encoder, Content.RANDOM.bytes(1 << 20));
            assertThat(member).hasSizeLessThanOrEqualTo(10 + (1 << 20) + 17 * 5 + 8);
        }
    }

    @Test
    @EnabledForJreRange(minVersion = 25)
    void manyThreadsShareAnEncoder() throws Exception {
        var threads = Executors.newFixedThreadPool(6);
        try (SlabEncoder encoder = encoder(2)) {
            var tasks = new ArrayList<Callable<Boolean>>();
            for (int i = 0; i < 200; i++) {
                byte[] raw = List.of(Content.values()).get(i % 4).bytes(3_000 + 517 * i);
                tasks.add(() -> Arrays.equals(raw, CodecSamples.gunzip(CodecSamples.encoded(encoder, raw))));
            }
            for (var result : threads.invokeAll(tasks)) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static SlabEncoder encoder(int level) {
        return SlabEncoders.forCompression(new Compression(Codec.GZIP, level)).orElseThrow();
    }
}
