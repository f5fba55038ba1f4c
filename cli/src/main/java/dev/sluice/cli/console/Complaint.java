package dev.sluice.cli.console;

import java.io.PrintStream;

/** Says what went wrong and what to do, on stderr. */
public final class Complaint {

    private final PrintStream err;
    private final boolean debug;

    /** @param debug show the trace as well */
    public Complaint(PrintStream err, boolean debug) {
        this.err = err;
        this.debug = debug;
    }

    public void show(String message, String hint) {
        String hintLine = hint.isBlank() ? "" : "%n  hint: ".formatted() + Text.clean(hint);
        err.println("sluice: " + Text.clean(message) + hintLine);
    }

    /** @param cause whose trace is shown on demand */
    public void show(Failure failure, Throwable cause) {
        show(failure.message(), failure.hint());
        if (debug) {
            cause.printStackTrace(err);
        }
    }
}
