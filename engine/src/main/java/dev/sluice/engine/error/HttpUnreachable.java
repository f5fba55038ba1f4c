package dev.sluice.engine.error;

import org.jspecify.annotations.Nullable;

/** No whole answer came from the HTTP API: refused, unknown host, reset, TLS failure, or silence. */
public final class HttpUnreachable extends HttpFailure {

    private static final long serialVersionUID = 1L;

    /**
     * @param what the request in words, such as {@code a write into telemetry/autogen}
     * @param address for people; no credentials
     */
    public HttpUnreachable(String what, String address, String reason, @Nullable Throwable cause) {
        super(
                "no answer to %s from %s: %s".formatted(what, address, reason),
                cause != null && NetworkTrouble.isUnknownName(cause)
                        ? NetworkTrouble.UNKNOWN_NAME_HINT
                        : "Is the server running, and is this its HTTP address (8086 unless configured otherwise)? "
                                + "-ssl is needed where it speaks https.",
                cause);
    }

    /** The reason stands at the root of {@code cause}. */
    public HttpUnreachable(String what, String address, Throwable cause) {
        this(what, address, NetworkTrouble.inWords(cause), cause);
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
