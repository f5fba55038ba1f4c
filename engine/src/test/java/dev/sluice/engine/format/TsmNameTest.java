package dev.sluice.engine.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TsmNameTest {

    @ParameterizedTest
    @ValueSource(strings = {"000000001-000000001.tsm", "000012345-000000002.tsm", "1234567890-000000003.tsm"})
    void whatIsReadIsWrittenAgain(String name) {
        assertThat(TsmName.parse(name)).map(TsmName::toString).hasValue(name);
    }

    @Test
    void shortNumbersAreReadToo() {
        assertThat(TsmName.parse("7-12.tsm")).hasValue(new TsmName(7, 12));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "000000001.tsm",
                "000000001-000000001.tsm.tmp",
                "000000001-000000001.tombstone",
                "../000000001-000000001.tsm",
                "000000001-x.tsm",
                "1234567890123456789-1.tsm",
                "۰۰۰۰۰۰۰۰۱-۰۰۰۰۰۰۰۰۱.tsm",
                ""
            })
    void nothingElseIsOne(String name) {
        assertThat(TsmName.parse(name)).isEmpty();
    }
}
