package dev.sluice.engine.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class FileTroubleTest {

    /** Java's message of these is the name alone: "cannot read /a: /a". */
    @Test
    void wordsWhatJavaGivesNoWordsTo() {
        assertThat(FileTrouble.reason(new AccessDeniedException("/a"))).isEqualTo("permission denied");
        assertThat(FileTrouble.inWords(new AccessDeniedException("/a"))).isEqualTo("/a: permission denied");
        assertThat(FileTrouble.inWords(new NoSuchFileException("/a"))).isEqualTo("/a: no such file or directory");
    }

    @Test
    void keepsTheSystemsWords() {
        var full = new FileSystemException("/a", null, "No space left on device");

        assertThat(FileTrouble.reason(full)).isEqualTo("No space left on device");
        assertThat(FileTrouble.inWords(full)).isEqualTo("/a: No space left on device");
        assertThat(FileTrouble.inWords(new IOException("No space left on device")))
                .isEqualTo("No space left on device");
        assertThat(FileTrouble.inWords(new IOException())).isEqualTo("IOException");
    }
}
