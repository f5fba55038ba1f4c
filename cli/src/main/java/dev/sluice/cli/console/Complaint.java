package dev.sluice.cli.console;

import dev.sluice.engine.error.SluiceException;
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

    public void show(SluiceException error) {
        show(error, error.hint());
    }

    /** @param hint in the place of the error's own */
    public void show(SluiceException error, String hint) {
        show(String.valueOf(error.getMessage()), hint);
        trace(error);
    }

    /** For what nobody expected. */
    public void showDefect(Throwable error) {
        show(
                "a defect in Sluice: " + error,
                debug
                        ? "Please report it with all of this output."
                        : "Please report it, with the output of the same command with --debug.");
        trace(error);
    }

    private void trace(Throwable error) {
        if (debug) {
            error.printStackTrace(err);
        }
    }
}
