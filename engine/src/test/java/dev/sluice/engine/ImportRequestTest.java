package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.model.HttpEndpoint;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImportRequestTest {

    /** As every other option that cannot be, and not on a thread of the engine when the import begins. */
    @ParameterizedTest
    @ValueSource(strings = {"", "NS", "d"})
    void aPrecisionThatThereIsNotIsToldWhenTheRequestIsBuilt(String precision) {
        var request = ImportRequest.of(Path.of("points.lp"), HttpEndpoint.plain("localhost", 8086))
                .precision(precision);

        assertThatIllegalArgumentException()
                .isThrownBy(request::build)
                .withMessage("no such precision: '%s'; there are ns, u, ms, s, m and h", precision);
    }
}
