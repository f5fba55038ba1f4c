package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class RejectsTest {

    private static final Place PLACE = new Place("db", "rp");

    @TempDir
    Path temp;

    /** A cancel closes it while somebody may just be about to add one. */
    @Test
    void keepsWhatComesBehindItsEnd() throws IOException {
        Path file = temp.resolve("rejects.lp");
        var rejects = new Rejects(Optional.of(file));
        add(rejects, 1);
        rejects.close();

        add(rejects, 2);
        rejects.close();

        assertThat(file).content().contains("m v=1\n", "m v=2\n");
    }

    @Test
    void canBeForcedAtAnyTime() throws IOException {
        var rejects = new Rejects(Optional.of(temp.resolve("rejects.lp")));
        rejects.force();
        add(rejects, 1);
        rejects.force();
        add(rejects, 2);
        rejects.close();
        rejects.force();

        assertThat(temp.resolve("rejects.lp")).content().contains("m v=1\n", "m v=2\n");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aDeviceNeedsNoForce() throws IOException {
        try (var rejects = new Rejects(Optional.of(Path.of("/dev/null")))) {
            add(rejects, 1);
            rejects.force();
        }
    }

    private static void add(Rejects rejects, int line) {
        rejects.add("in", line, PLACE, ("m v=" + line).getBytes(StandardCharsets.UTF_8), "refused");
    }
}
