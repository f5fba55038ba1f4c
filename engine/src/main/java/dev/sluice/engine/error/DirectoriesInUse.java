package dev.sluice.engine.error;

/** Somebody else works on a server's directories: the server itself, another restore, or one that serves them. Nothing was changed. */
public final class DirectoriesInUse extends SluiceException {

    private static final long serialVersionUID = 1L;

    public DirectoriesInUse(String message, String hint) {
        super(message, hint, null);
    }
}
