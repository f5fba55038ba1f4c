package dev.sluice.engine.error;

/** A stream archive is cut short, or is not one, or contradicts itself. */
public final class StreamDamaged extends SluiceException {

    private static final long serialVersionUID = 1L;

    private static final String HINT = "Was all of it kept, and nothing else with it? What had arrived whole by then "
            + "can be taken with --allow-incomplete.";

    /**
     * @param what the stream, as the user knows it
     * @param problem what is wrong with it, as a clause: {@code has no manifest}
     */
    public StreamDamaged(String what, String problem) {
        super("%s %s".formatted(what, problem), HINT, null);
    }

    /**
     * @param what the stream, as the user knows it
     * @param problem what is wrong with it, as a clause: {@code ended inside a header}
     * @param offset bytes of its tar that had been read when it was noticed
     */
    public StreamDamaged(String what, String problem, long offset) {
        super("%s %s (at byte %d of its tar)".formatted(what, problem, offset), HINT, null);
    }

    @Override
    public boolean tellsOfDamage() {
        return true;
    }
}
