package dev.sluice.engine.error;

/** A server, or a stopped one's directories, do not take what is to be restored, and nothing of it was changed there. */
public final class RestoreRefused extends SluiceException {

    private static final long serialVersionUID = 1L;

    public RestoreRefused(String message, String hint) {
        super(message, hint, null);
    }
}
