package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ContextNamesTest {

    @Test
    void aBlankCountsWhereAStatementHasIt() {
        ContextNames names =
                ContextNames.TRIMMED.with("CREATE DATABASE \"a \\\"b\\\" \"").with("CREATE DATABASE \"plain\"");

        assertThat(names.read("a \"b\" ")).isEqualTo("a \"b\" ");
        assertThat(names.read(" plain ")).isEqualTo("plain");
    }

    /** Whatever stands where statements are expected is looked through, a point of 25 MB as well. */
    @Test
    void quotesThatAreFarApartAreRead() {
        String far = "x\\\\".repeat(100_000);

        ContextNames names = ContextNames.TRIMMED.with("m f=\"CREATE" + far + "\" CREATE DATABASE \"a \"");

        assertThat(names.blank()).containsExactly("\"a \"");
    }
}
