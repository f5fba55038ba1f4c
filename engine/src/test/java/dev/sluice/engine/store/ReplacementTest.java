package dev.sluice.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplacementTest {

    @TempDir
    Path directory;

    @Test
    void replacesWhatIsThere() throws IOException {
        Path file = Files.writeString(directory.resolve("state"), "old");

        Replacement.write(file, "new");

        assertThat(file).hasContent("new");
        try (var left = Files.list(directory)) {
            assertThat(left).containsExactly(file);
        }
    }

    /** As where the disk is full. */
    @Test
    void leavesNothingBesideWhatItCouldNotReplace() throws IOException {
        Path inTheWay = directory.resolve("state");
        Files.createDirectories(inTheWay.resolve("full"));

        assertThatIOException().isThrownBy(() -> Replacement.write(inTheWay, "new"));

        try (var left = Files.list(directory)) {
            assertThat(left).containsExactly(inTheWay);
        }
    }
}
