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

    /** As where the state lies on a volume of its own. */
    @Test
    void leavesALinkAsItIs() throws IOException {
        Path volume = Files.createDirectory(directory.resolve("volume"));
        Path file = Files.createSymbolicLink(directory.resolve("state"), Path.of("volume", "state"));

        Replacement.write(file, "first");
        Replacement.write(file, "second");

        assertThat(file).isSymbolicLink().hasContent("second");
        assertThat(volume.resolve("state")).isRegularFile().hasContent("second");
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
