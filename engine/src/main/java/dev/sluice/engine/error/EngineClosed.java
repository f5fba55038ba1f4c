package dev.sluice.engine.error;

/** The engine was closed before or while a copy ran. */
public final class EngineClosed extends SluiceException {

    private static final long serialVersionUID = 1L;

    public EngineClosed() {
        super("the engine was closed", "Wait for the end of a copy, or cancel it, before its engine is closed.", null);
    }
}
