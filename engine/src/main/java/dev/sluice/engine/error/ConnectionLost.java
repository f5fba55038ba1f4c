package dev.sluice.engine.error;

/** The connection broke (reset, broken pipe) before the answer was complete. */
public final class ConnectionLost extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final long received;

    /**
     * @param what the request in words, such as {@code shard telemetry/autogen/7}
     * @param received bytes of the answer until then
     */
    public ConnectionLost(String what, long received, Throwable cause) {
        super(
                "connection lost during %s after %d bytes: %s".formatted(what, received, NetworkTrouble.inWords(cause)),
                "Look for a restart, a full disk or a 'snapshot' line in the server's log, and for a proxy in between.",
                cause);
        this.received = received;
    }

    /** Bytes of the answer until then. */
    public long received() {
        return received;
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
