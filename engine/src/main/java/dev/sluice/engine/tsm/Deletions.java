package dev.sluice.engine.tsm;

import java.io.IOException;
import java.util.function.Predicate;

/**
 * Which points go: those that a {@link Tombstone} lists, or those outside of what was selected.
 *
 * <p>Asked for many keys it is asked in ascending order.
 */
@FunctionalInterface
public interface Deletions {

    Deletions NONE = key -> TimeSet.NONE;

    /** @param key series key, {@code #!~#}, field name */
    TimeSet of(byte[] key) throws IOException;

    /** What these or the others delete. */
    default Deletions and(Deletions others) {
        return key -> of(key).union(others.of(key));
    }

    /** Every point of the keys whose measurement is not wanted. */
    static Deletions outsideMeasurements(Predicate<String> kept) {
        return key -> kept.test(Keys.measurement(key)) ? TimeSet.NONE : TimeSet.ALL;
    }

    /** Everything but the points at these times. */
    static Deletions outside(TimeSet times) {
        TimeSet gone = times.complement();
        return key -> gone;
    }
}
