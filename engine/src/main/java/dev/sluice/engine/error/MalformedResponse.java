package dev.sluice.engine.error;

/** The server's answer is not what the protocol allows: cut short, or not from influxd at all. */
public final class MalformedResponse extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final String problem;
    private final long offset;
    private final boolean cut;

    /**
     * @param what the answer and what is wrong with it
     * @param offset of the first wrong byte in the answer
     */
    public MalformedResponse(String what, long offset) {
        this(what, offset, false);
    }

    private MalformedResponse(String what, long offset, boolean cut) {
        super(
                "%s (at byte %d of the answer)".formatted(what, offset),
                "Is the address really that of influxd's backup port (8088), and not its HTTP port (8086)? "
                        + "A proxy in between may cut answers as well.",
                null);
        this.problem = what;
        this.offset = offset;
        this.cut = cut;
    }

    /** Of an answer that is right as far as it goes, and ends too early. */
    public static MalformedResponse cut(String what, long length) {
        return new MalformedResponse(what, length, true);
    }

    /** Whether it only ends too early, as when a server goes down: asked again, it may be whole. */
    public boolean isCut() {
        return cut;
    }

    /** What is wrong, without the words about an answer: the same bytes may lie in a file. */
    public String problem() {
        return problem;
    }

    /** Of the first wrong byte in the answer. */
    public long offset() {
        return offset;
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
