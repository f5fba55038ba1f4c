package dev.sluice.engine.error;

/** A codec that does not work on this machine; the engine can do all the rest. */
public final class CodecUnavailable extends SluiceException {

    private static final long serialVersionUID = 1L;

    private CodecUnavailable(String message, String hint, Throwable cause) {
        super(message, hint, cause);
    }

    /**
     * zstd's native code could not be loaded. It is unpacked before it is loaded, so that nothing has to be wrong with the
     * installation: the place may be full, or take no programs.
     */
    public static CodecUnavailable zstd(LinkageError cause) {
        return new CodecUnavailable(
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
}
