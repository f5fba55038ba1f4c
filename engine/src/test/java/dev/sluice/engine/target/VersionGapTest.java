package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ServerVersion;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VersionGapTest {

    @ParameterizedTest
    @CsvSource({"1.6.7, 1.8.10", "1.12.4, 1.8.10", "1.8.10, 1.6.7", "1.8.10, 2.7.1"})
    void moreThanAMinorVersionApartIsTold(String source, String target) {
        assertThat(VersionGap.between(ServerVersion.parse(source), version(target)))
                .hasValueSatisfying(notice -> assertThat(notice.message()).contains(source, target));
    }

    @ParameterizedTest
    @CsvSource({"1.6.7, 1.7.11", "1.7.11, 1.6.7", "1.8.0, 1.11.8", "1.8.10, 1.12.4", "1.12.4, 1.11.8", "1.6.7, 1.6.7"})
    void neighboursAndNewerServersFromOneEightOnAreFine(String source, String target) {
        assertThat(VersionGap.between(ServerVersion.parse(source), version(target)))
                .isEmpty();
    }

    @Test
    void aBackupThatDoesNotTellItsVersionIsNotCompared() {
        assertThat(VersionGap.between(Optional.empty(), version("1.6.7"))).isEmpty();
    }

    private static ServerVersion version(String text) {
        return ServerVersion.parse(text).orElseThrow();
    }
}
