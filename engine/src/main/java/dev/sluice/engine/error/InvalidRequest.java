package dev.sluice.engine.error;

/** What was asked for cannot be: options that exclude each other, a destination of the wrong kind. */
public final class InvalidRequest extends SluiceException {

    private static final long serialVersionUID = 1L;

    public InvalidRequest(String message, String hint) {
        super(message, hint, null);
    }
}
