package dev.sluice.engine.error;

/** The server closed without sending one byte, which is all it does when a request fails. */
public final class EmptyAnswer extends SluiceException {

    private static final long serialVersionUID = 1L;

    /** @param what the request in words, such as {@code shard telemetry/autogen/7} */
    public EmptyAnswer(String what) {
        super(
                "the server closed without an answer to %s".formatted(what),
                "The reason stands only in the server's log: look for 'service=snapshot'. "
                        + "Old servers answer so while a snapshot of the shard is under way, and those before 1.5 always: they "
                        + "need --protocol 1.4. So does a port of something else, https for one; the backup port is 8088.",
                null);
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
