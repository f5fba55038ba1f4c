package dev.sluice.engine.error;

import java.time.Duration;

/** The server sent or took nothing for longer than the limit although we were ready for it. */
public final class ServerSilent extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final long received;

    /**
     * @param what the request in words, such as {@code shard telemetry/autogen/7}
     * @param received bytes of the answer until then
     */
    public ServerSilent(String what, long received, Duration limit) {
        super(
                "no data for %s within %s, after %d bytes".formatted(what, inWords(limit), received),
                received == 0
                        ? "The server may be stopped, may be writing a large cache to disk, or may not be influxd's backup port (8088) "
                                + "at all; --timeout raises the limit."
                        : "The server or the network stalled; raise the limit with --timeout.",
                null);
        this.received = received;
    }

    private ServerSilent(String message, String hint, long sent) {
        super(message, hint, null);
        this.received = sent;
    }

    /** Bytes of an upload were ready, and the server did not read on. */
    public static ServerSilent notTaking(String what, long sent, Duration limit) {
        return new ServerSilent(
                "the server took no data of %s for %s, after %d bytes".formatted(what, inWords(limit), sent),
                "The server or the network stalled; raise the limit with --timeout.",
                sent);
    }

    /** An upload was complete, and the server did not close, as it does when it has installed the files. */
    public static ServerSilent notClosing(String what, long sent, Duration limit) {
        return new ServerSilent(
                "the server did not end %s within %s after its last byte, of %d bytes"
                        .formatted(what, inWords(limit), sent),
                "It indexes the files before it closes, which takes long with many series; raise the limit with --timeout.",
                sent);
    }

    private static String inWords(Duration limit) {
        return limit.toMillis() % 1000 == 0 ? limit.toSeconds() + " s" : limit.toMillis() + " ms";
    }

    /** Bytes of the answer, or of the upload, until then. */
    public long received() {
        return received;
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
