package dev.sluice.cli.option;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class SpellingTest {

    private static final Set<String> FLAGS =
            Set.of("db", "database", "rp", "portable", "skip-errors", "compression", "concurrency", "h", "host");

    @Test
    void findsWhatIsALetterOrTwoAway() {
        assertThat(Spelling.nearest("hsot", FLAGS)).contains("host");
        assertThat(Spelling.nearest("protable", FLAGS)).contains("portable");
        assertThat(Spelling.nearest("Portable", FLAGS)).contains("portable");
        assertThat(Spelling.nearest("skip-error", FLAGS)).contains("skip-errors");
    }

    @Test
    void findsWhatWasCutShort() {
        assertThat(Spelling.nearest("compress", FLAGS)).contains("compression");
    }

    @Test
    void doesNotGuessWildly() {
        assertThat(Spelling.nearest("verbose", FLAGS)).isEmpty();
        assertThat(Spelling.nearest("x", FLAGS)).isEmpty();
    }
}
