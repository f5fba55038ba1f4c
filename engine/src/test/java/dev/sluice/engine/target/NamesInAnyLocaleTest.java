package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.format.LegacyName;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.InPersian;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Names are for programs: their digits are the same wherever the one runs that writes them. */
@ExtendWith(InPersian.class)
class NamesInAnyLocaleTest {

    @Test
    void theLocaleHasDigitsOfItsOwn() {
        assertThat("%d".formatted(12))
                .as("or the tests here would prove nothing")
                .isNotEqualTo("12");
    }

    @Test
    void filesOfAServer() {
        assertThat(FileNaming.shifted(10_000).of(12, 3)).hasValue("000010012-000000003.tsm");
        assertThat(FileNaming.beneath(4).of(1, 1)).hasValue("000000000-000000005.tsm");
    }

    @Test
    void filesOfALegacyBackup() {
        assertThat(LegacyName.meta(7)).isEqualTo("meta.07");
        assertThat(LegacyName.of(new ShardRef("db", "rp", 42), 1)).isEqualTo("db.rp.00042.01");
    }
}
