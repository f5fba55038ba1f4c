package dev.sluice.engine.flow;

import java.util.List;
import reactor.core.Exceptions;

/**
 * What ended a flow in which several things go on side by side. When two of them fail at the same moment, the library's
 * operators make one error of both, of a kind that nobody catches and that tells nobody what to do.
 */
public final class FirstFailure {

    private FirstFailure() {}

    /** For {@code onErrorMap}: the first of several; what is one error already is given back. */
    public static Throwable of(Throwable failure) {
        List<Throwable> all = Exceptions.unwrapMultiple(failure);
        return all.isEmpty() ? failure : all.get(0);
    }
}
