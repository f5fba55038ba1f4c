package dev.sluice.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "999, 999 B",
        "1000, 1.0 kB",
        "999949, 999.9 kB",
        "999950, 1.0 MB",
        "812400000, 812.4 MB",
        "9223372036854775807, 9.2 EB"
    })
    void writesBytes(long count, String text) {
        assertThat(Text.bytes(count)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 0.0 s", "840, 0.8 s", "42000, 42 s", "200000, 3 min 20 s", "7500000, 2 h 5 min"})
    void writesDurations(long millis, String text) {
        assertThat(Text.duration(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @Test
    void writesARateEvenForNoTime() {
        assertThat(Text.rate(0, Duration.ZERO)).isEqualTo("0 B/s");
        assertThat(Text.rate(5_000_000, Duration.ofSeconds(2))).isEqualTo("2.5 MB/s");
    }

    @Test
    void countsTheColumnsOfWideAndCombiningLetters() {
        assertThat(Text.width("größe")).isEqualTo(5);
        assertThat(Text.width("e\u0301")).isEqualTo(1);
        assertThat(Text.width("温度")).isEqualTo(4);
    }

    @Test
    void keepsTheEndOfWhatIsTooWide() {
        assertThat(Text.tail("telemetry/autogen/12", 10)).isEqualTo("…utogen/12");
        assertThat(Text.tail("温度/autogen/12", 12)).isEqualTo("…/autogen/12");
        assertThat(Text.tail("abc", 3)).isEqualTo("abc");
        assertThat(Text.tail("abc", 0)).isEmpty();
    }

    @Test
    void takesControlCharactersOut() {
        assertThat(Text.clean("a\u001b[31m\nb\u0085c")).isEqualTo("a [31m b c");
    }
}
