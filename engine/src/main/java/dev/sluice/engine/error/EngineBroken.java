package dev.sluice.engine.error;

/** Something that no operator passes on, as the JVM may not be able to go on: a class that cannot be loaded, no memory. */
public final class EngineBroken extends SluiceException {

    private static final long serialVersionUID = 1L;

    /** @param cause what a thread of the engine ended with */
    public EngineBroken(Throwable cause) {
        super(
                cause instanceof OutOfMemoryError
                        ? "out of memory"
                        : "a part of Sluice cannot be loaded or does not work: %s".formatted(cause),
                cause instanceof OutOfMemoryError
                        ? "Give it more with JAVA_OPTS=-Xmx512m."
                        : "The installation is not whole, or belongs to another version: unpack it again. "
                                + "Nothing is wrong with what was read.",
                cause);
    }

    /** Whether it is the end of the memory. */
    public boolean outOfMemory() {
        return getCause() instanceof OutOfMemoryError;
    }
}
