package dev.sluice.engine.error;

/** A file of a backup is not what it has to be: a manifest, metadata, an archive as it rests on disk. */
public final class FormatDamaged extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final String file;

    /** @param problem as a clause: {@code is not a JSON object} */
    public FormatDamaged(String file, String problem) {
        this(
                file,
                problem,
                "The file is damaged or not from a backup. Other runs in the directory are not touched by it: "
                        + "move its run elsewhere to use them alone.");
    }

    /** @param problem as a clause: {@code is not a JSON object} */
    public FormatDamaged(String file, String problem, String hint) {
        super("%s %s".formatted(file, problem), hint, null);
        this.file = file;
    }

    /** The file, for people. */
    public String file() {
        return file;
    }

    @Override
    public boolean tellsOfDamage() {
        return true;
    }
}
