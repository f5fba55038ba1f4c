package dev.sluice.engine.stage.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.error.CodecUnavailable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZstdLibraryTest {

    /** As the library words it where the place is mounted noexec, and where it is full. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/t/z.so: /t/z.so: not permitted Unsupported OS/arch, cannot find /z.so or load z from system libraries.",
                "Cannot unpack z: not permitted"
            })
    void saysWhereItsNativeCodeCouldNotBeLoadedFrom(String words) {
        assertThatExceptionOfType(CodecUnavailable.class)
                .isThrownBy(() -> ZstdLibrary.require(() -> {
                    throw new UnsatisfiedLinkError(words);
                }))
                .withMessage("zstd cannot be used: its native code could not be loaded from %s: not permitted"
                        .formatted(System.getProperty("java.io.tmpdir")))
                .satisfies(e -> assertThat(e.hint()).contains("noexec", "-Djava.io.tmpdir", "gzip"));
    }
}
