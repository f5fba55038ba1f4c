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

    private EngineBroken(String message, String hint, Throwable cause) {
        super(message, hint, cause);
    }

    /**
     * zstd's native code could not be loaded. It is unpacked before it is loaded, so that nothing has to be wrong with the
     * installation: the place may be full, or take no programs.
     */
    public static EngineBroken withoutZstd(LinkageError cause) {
        return new EngineBroken(
                "zstd cannot be used: its native code could not be loaded from %s: %s"
                        .formatted(System.getProperty("java.io.tmpdir"), reason(cause)),
                "It is unpacked there: you have to be allowed to write there, with 2 MB left, and the file system must not be "
                        + "mounted noexec. JAVA_OPTS=-Djava.io.tmpdir=DIR names another place. Backups with gzip or none "
                        + "do without it.",
                cause);
    }

    /** The system's words, which stand between the names of files and advice for programmers. */
    private static String reason(Throwable cause) {
        String words = String.valueOf(cause.getMessage()).replaceFirst("(?s) Unsupported OS/arch.*", "");
        return words.substring(words.lastIndexOf(": ") + 1).strip();
    }

    /** Whether it is the end of the memory. */
    public boolean outOfMemory() {
        return getCause() instanceof OutOfMemoryError;
    }
}
