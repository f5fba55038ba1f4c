package dev.sluice.engine.transfer;

import dev.sluice.engine.error.SluiceException;
import java.util.ArrayList;
import java.util.List;

/** What an export could not read: told and collected, or the end of it where nothing may be missing. */
final class Findings {

    private static final int MOST = 1000;

    private final Telling telling;
    private final boolean strict;
    private final List<String> damage = new ArrayList<>();
    private final List<String> missing = new ArrayList<>();

    Findings(Telling telling, boolean strict) {
        this.telling = telling;
        this.strict = strict;
    }

    /** Something cannot be read; it is left out. Ends the export where it is strict. */
    synchronized void damaged(String what, SluiceException why) {
        if (strict) {
            throw why;
        }
        String text = "%s left out: %s".formatted(what, why.getMessage());
        if (damage.size() < MOST) {
            damage.add(text);
        }
        telling.warn(text, why.hint());
    }

    /** Something was not offered or is gone. */
    synchronized void missing(String what) {
        missing.add(what);
        telling.warn(what, "It is not in the output.");
    }

    synchronized List<String> damage() {
        return List.copyOf(damage);
    }

    synchronized List<String> missing() {
        return List.copyOf(missing);
    }
}
