package dev.sluice.engine.error;

/** The server's answer is not what the protocol allows: cut short, or not from influxd at all. */
public final class MalformedResponse extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final String problem;
    private final long offset;

    /**
     * @param what the answer and what is wrong with it
     * @param offset of the first wrong byte in the answer
     */
    public MalformedResponse(String what, long offset) {
        super(
                "%s (at byte %d of the answer)".formatted(what, offset),
                "Is the address really that of influxd's backup port (8088), and not its HTTP port (8086)? "
                        + "A proxy in between may cut answers as well.",
                null);
        this.problem = what;
        this.offset = offset;
    }

    /** What is wrong, without the words about an answer: the same bytes may lie in a file. */
    public String problem() {
        return problem;
    }

    public long offset() {
        return offset;
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
