package dev.sluice.engine.error;

import java.time.Duration;

/** The server sent nothing for longer than the limit although we were ready to read. */
public final class ServerSilent extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final long received;

    /**
     * @param what the request in words, such as {@code shard telemetry/autogen/7}
     * @param received bytes of the answer until then
     */
    public ServerSilent(String what, long received, Duration limit) {
        super(
                "no data for %s within %s, after %d bytes".formatted(what, limit, received),
                received == 0
                        ? "The server may be writing a large cache to disk before its first byte, or may not be influxd; "
                                + "raise the limit with --timeout."
                        : "The server or the network stalled; raise the limit with --timeout.",
                null);
        this.received = received;
    }

    public long received() {
        return received;
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
