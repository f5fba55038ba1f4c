package dev.sluice.engine.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.model.Metadata;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PortableMetaTest {

    private static final String VERSIONS = "dev.sluice.engine.meta.Recorded#versions";

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void readsAndWritesTheFileOfTheOriginalTool(String version) {
        byte[] file = Recorded.metaFile(version);

        Metadata metadata = PortableMeta.unwrap(file);

        assertThat(PortableMeta.wrap(metadata)).isEqualTo(file);
        assertThat(Metastore.decode(metadata).clusterId())
                .isEqualTo(Metastore.decode(Recorded.metadata(version)).clusterId());
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void refusesEveryTruncation(String version) {
        byte[] file = Recorded.metaFile(version);
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThatExceptionOfType(MalformedResponse.class)
                    .isThrownBy(() -> PortableMeta.unwrap(cut))
                    .withMessageStartingWith("metadata file: ");
        }
    }

    @Test
    void wrapsEvenNothing() {
        assertThat(PortableMeta.wrap(Metadata.of(new byte[0]))).containsExactly(0x0a, 0, 0x10, 0);
        assertThat(PortableMeta.unwrap(new byte[] {0x0a, 0, 0x10, 0})).isEqualTo(Metadata.of(new byte[0]));
    }

    @Test
    void refusesAMessageThatEndsEarly() {
        // 0x1c ends a group that never began
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> PortableMeta.unwrap(new byte[] {0x0a, 0, 0x10, 0, 0x1c, 1, 2, 3}));
    }

    @Test
    void garbageIsRefusedAndNothingElse() {
        var random = new Random(11);
        byte[] sample = Recorded.metaFile("1.8.10");
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = sample.clone();
            bytes[random.nextInt(8)] = (byte) random.nextInt(256);
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            try {
                assertThat(PortableMeta.unwrap(bytes).size()).isLessThan(bytes.length);
            } catch (MalformedResponse e) {
                assertThat(e.offset()).isBetween(0L, (long) bytes.length);
            }
        }
    }
}
