package dev.sluice.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ValuesTest {

    @ParameterizedTest
    @CsvSource({
        "2020-01-02T03:04:05Z, 2020-01-02T03:04:05Z",
        "2020-01-02T03:04:05.123456789Z, 2020-01-02T03:04:05.123456789Z",
        "2020-01-02T03:04:05.5+02:00, 2020-01-02T01:04:05.5Z",
        "2020-01-02T03:04:05-08:30, 2020-01-02T11:34:05Z",
        "2020-01-02t03:04:05z, 2020-01-02T03:04:05Z",
        "1677-09-21T00:12:43.145224194Z, 1677-09-21T00:12:43.145224194Z",
    })
    void readsTimesOfRfc3339(String text, String instant) {
        assertThat(new Values.Time().convert(text)).isEqualTo(Instant.parse(instant));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2020-01-02",
                "2020-01-02 03:04:05Z",
                "2020-01-02T03:04:05",
                "2020-01-02T03:04Z",
                "2020-13-02T03:04:05Z",
                "2021-02-29T03:04:05Z",
                "2020-01-02T03:04:60Z",
                "2020-01-02T03:04:05.1234567890Z",
                "1500-01-02T03:04:05Z",
                "2300-01-02T03:04:05Z",
                "now",
                "1577934245",
            })
    void refusesOtherTimes(String text) {
        assertThatThrownBy(() -> new Values.Time().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining(text);
    }

    @Test
    void showsHowADayIsWrittenAsATime() {
        assertThatThrownBy(() -> new Values.Time().convert("2020-01-02"))
                .hasMessageContaining("such as 2020-01-02T00:00:00Z");
    }

    @ParameterizedTest
    @CsvSource({
        "200MB/s, 200000000",
        "200mb, 200000000",
        "1.5GiB, 1610612736",
        "64k, 64000",
        "64KiB/s, 65536",
        "1048576, 1048576",
        "1048576B/s, 1048576",
        "2 GB, 2000000000",
    })
    void readsBytes(String text, long bytes) {
        assertThat(new Values.Bytes().convert(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "fast", "1.2.3MB", "12ib", "200MB/h", "0.1", "999999999999999999TB"})
    void refusesOtherBytes(String text) {
        assertThatThrownBy(() -> new Values.Bytes().convert(text)).isInstanceOf(TypeConversionException.class);
    }

    @ParameterizedTest
    @CsvSource({"60s, 60000", "500ms, 500", "1m30s, 90000", "1.5h, 5400000", "1h2m3s4ms, 3723004"})
    void readsSpans(String text, long millis) {
        assertThat(new Values.Span().convert(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "60", "0s", "1d", "-1s", "s", "1m 30s"})
    void refusesOtherSpans(String text) {
        assertThatThrownBy(() -> new Values.Span().convert(text)).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void readsShardIdsUpToTheLastUnsignedOne() {
        assertThat(new Values.ShardId().convert("18446744073709551615")).isEqualTo(-1L);
        assertThat(new Values.ShardId().convert("38")).isEqualTo(38L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "+1", "0x10", "18446744073709551616", "1.0", "a"})
    void refusesOtherShardIds(String text) {
        assertThatThrownBy(() -> new Values.ShardId().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://localhost:8088", "h:1:x", "host:port", "host:70000", "[::1", "[::1]x"})
    void refusesAddressesThatAreNone(String text) {
        assertThatThrownBy(() -> new Values.Address().convert(text)).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void readsAddresses() {
        assertThat(new Values.Address().convert("[::1]:9088")).hasToString("[::1]:9088");
        assertThat(new Values.Address().convert("db1")).hasToString("db1:8088");
    }
}
