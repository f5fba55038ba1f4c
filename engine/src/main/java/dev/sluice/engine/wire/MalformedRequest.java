package dev.sluice.engine.wire;

/**
 * What a client sent is not a request of the snapshot protocol. A server's matter: it logs the message and
 * closes the connection without an answer, as influxd does.
 */
public final class MalformedRequest extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final long offset;

    /**
     * @param what is wrong with the request
     * @param offset of the first wrong byte of the connection
     */
    public MalformedRequest(String what, long offset) {
        super("%s (at byte %d of the request)".formatted(what, offset));
        this.offset = offset;
    }

    public long offset() {
        return offset;
    }
}
