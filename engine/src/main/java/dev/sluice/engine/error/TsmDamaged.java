package dev.sluice.engine.error;

/** A TSM file or one of its blocks is not what the format allows. */
public final class TsmDamaged extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final String problem;
    private final long offset;

    /**
     * @param problem what is wrong, as a clause: {@code block has a wrong checksum}
     * @param offset of the place, counted from the start of what was read: the file, or the block
     */
    public TsmDamaged(String problem, long offset) {
        super(
                "TSM data is damaged: %s (at byte %d)".formatted(problem, offset),
                "Compare with another copy of the shard; 'influx_inspect verify' on the server checks its files.",
                null);
        this.problem = problem;
        this.offset = offset;
    }

    /** What is wrong, as a clause. */
    public String problem() {
        return problem;
    }

    /** Bytes from the start of what was read, the file or the block. */
    public long offset() {
        return offset;
    }

    @Override
    public boolean tellsOfDamage() {
        return true;
    }
}
