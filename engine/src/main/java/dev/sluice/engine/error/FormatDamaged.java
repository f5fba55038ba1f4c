package dev.sluice.engine.error;

/** A manifest or metadata file of a backup is not what it has to be. */
public final class FormatDamaged extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final String file;

    /** @param problem as a clause: {@code is not a JSON object} */
    public FormatDamaged(String file, String problem) {
        super(
                "%s %s".formatted(file, problem),
                "The file is damaged or not from a backup; other runs in the directory are not touched by it.",
                null);
        this.file = file;
    }

    public String file() {
        return file;
    }
}
