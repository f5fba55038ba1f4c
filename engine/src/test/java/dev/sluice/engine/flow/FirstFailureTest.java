package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import reactor.core.Exceptions;

class FirstFailureTest {

    private final IOException first = new IOException("first");

    @Test
    void isTheFirstOfSeveral() {
        assertThat(FirstFailure.of(Exceptions.multiple(first, new IllegalStateException("second"))))
                .isSameAs(first);
    }

    @Test
    void isTheOnlyOne() {
        assertThat(FirstFailure.of(first)).isSameAs(first);
    }
}
