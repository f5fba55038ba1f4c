package dev.sluice.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerVersionTest {

    @ParameterizedTest
    @CsvSource({"1.8.10, 1.8.10", "v1.12.4, 1.12.4", "1.6.7~rc0, 1.6.7", "1.9.6-c1.9.6, 1.9.6", "1.8, 1.8.0"})
    void takesWhatServersCallThemselves(String text, String version) {
        assertThat(ServerVersion.parse(text)).map(ServerVersion::toString).contains(version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"unknown", "", "1", "nightly", "1.8.10.4", "99999999999.1.1"})
    void whatIsNoVersionIsUnknown(String text) {
        assertThat(ServerVersion.parse(text)).isEmpty();
    }

    @Test
    void versionsAreOrderedByNumberAndNotByText() {
        var ten = new ServerVersion(1, 8, 10);

        assertThat(ten.isBefore(1, 8, 9)).isFalse();
        assertThat(ten.isBefore(1, 8, 10)).isFalse();
        assertThat(ten.isBefore(1, 12, 0)).isTrue();
        assertThat(ten.minorsApart(new ServerVersion(1, 12, 4))).isEqualTo(4);
        assertThat(ten.minorsApart(new ServerVersion(2, 8, 10))).isEqualTo(Integer.MAX_VALUE);
    }
}
