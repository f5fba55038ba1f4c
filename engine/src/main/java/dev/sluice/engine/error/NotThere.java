package dev.sluice.engine.error;

/** A database, retention policy, shard or file that does not exist where it was looked for. */
public final class NotThere extends SluiceException {

    private static final long serialVersionUID = 1L;

    public NotThere(String message, String hint) {
        super(message, hint, null);
    }
}
