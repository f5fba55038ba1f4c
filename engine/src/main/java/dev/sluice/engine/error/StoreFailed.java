package dev.sluice.engine.error;

import java.io.IOException;

/** Files could not be read or written: full disk, missing permission, a name that is taken. */
public final class StoreFailed extends SluiceException {

    private static final long serialVersionUID = 1L;

    public StoreFailed(String message, String hint, IOException cause) {
        super(message, hint, cause);
    }
}
