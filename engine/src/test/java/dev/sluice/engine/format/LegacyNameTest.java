package dev.sluice.engine.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ShardRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LegacyNameTest {

    @ParameterizedTest
    @CsvSource({
        "telemetry.autogen.00001.00, telemetry.autogen, 1, 0",
        "a.b.r.p x.00002.07, a.b.r.p x, 2, 7",
        "meta.autogen.00037.00, meta.autogen, 37, 0",
        "db.rp.123456.100, db.rp, 123456, 100",
        "db.00005.00006.01, db.00005, 6, 1",
        "db.rp.18446744073709551615.00, db.rp, -1, 0"
    })
    void isReadFromTheRight(String file, String stem, long id, long number) {
        assertThat(LegacyName.parse(file)).hasValue(new LegacyName(stem, id, number));
        assertThat(LegacyName.metaNumber(file)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "meta.00",
                "telemetry.autogen.00001.00.pending",
                "telemetry.00001.00",
                "db.rp.1.00",
                "db.rp.00001.0",
                "db.rp.00001",
                "20261122T230628Z.s1.tar.gz",
                "db.rp.99999999999999999999.00",
                ".00001.00"
            })
    void isNothingElse(String file) {
        assertThat(LegacyName.parse(file)).isEmpty();
    }

    @Test
    void numbersOfMetadataAreNumbers() {
        assertThat(LegacyName.metaNumber("meta.00")).hasValue(0);
        assertThat(LegacyName.metaNumber("meta.100")).hasValue(100);
        assertThat(LegacyName.metaNumber("meta.99.pending")).isEmpty();
        assertThat(LegacyName.metaNumber("meta.db")).isEmpty();
        assertThat(LegacyName.meta(7)).isEqualTo("meta.07");
        assertThat(LegacyName.meta(100)).isEqualTo("meta.100");
    }

    @Test
    void writtenAsInfluxdDoes() {
        assertThat(LegacyName.of(new ShardRef("a.b", "r.p x", 2), 0)).isEqualTo("a.b.r.p x.00002.00");
        assertThat(LegacyName.of(new ShardRef("db", "rp", 123456), 100)).isEqualTo("db.rp.123456.100");
        assertThat(LegacyName.of(new ShardRef("db", "rp", -1), 1)).isEqualTo("db.rp.18446744073709551615.01");
    }

    @Test
    void aSplitIsNotToldByTheNameAlone() {
        LegacyName name = LegacyName.parse("a.b.c.00005.00").orElseThrow();

        assertThat(name.mayBe(new ShardRef("a.b", "c", 5))).isTrue();
        assertThat(name.mayBe(new ShardRef("a", "b.c", 5))).isTrue();
        assertThat(name.mayBe(new ShardRef("a.b", "c", 6))).isFalse();
        assertThat(name.mayBe(new ShardRef("a.b", "d", 5))).isFalse();
    }
}
