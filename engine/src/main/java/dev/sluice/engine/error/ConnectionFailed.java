package dev.sluice.engine.error;

import dev.sluice.engine.model.ServerAddress;

/** No connection came about: refused, unreachable, unknown host, or no answer in time. */
public final class ConnectionFailed extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final transient ServerAddress address;

    public ConnectionFailed(ServerAddress address, Throwable cause) {
        super(
                "cannot connect to %s: %s".formatted(address, NetworkTrouble.inWords(cause)),
                NetworkTrouble.isUnknownName(cause)
                        ? NetworkTrouble.UNKNOWN_NAME_HINT
                        : "Is influxd running there? The backup port is 'bind-address' at the top of its configuration, "
                                + "by default 127.0.0.1:8088, which other machines cannot reach.",
                cause);
        this.address = address;
    }

    /** Where to. */
    public ServerAddress address() {
        return address;
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
