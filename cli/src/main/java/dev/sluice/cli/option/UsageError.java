package dev.sluice.cli.option;

/** What was asked for cannot be understood or done; the command ends with exit code 2. */
public final class UsageError extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String hint;

    public UsageError(String message, String hint) {
        super(message);
        this.hint = hint;
    }

    /** What to write instead. */
    public String hint() {
        return hint;
    }
}
