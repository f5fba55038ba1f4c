package dev.sluice.engine.model;

/** Host and port of a snapshot service. */
public record ServerAddress(String host, int port) {

    /** The server's own default, {@code bind-address} at the top of its configuration. */
    public static final int DEFAULT_PORT = 8088;

    public ServerAddress {
        if (host.isBlank()) {
            throw new IllegalArgumentException("host must not be empty");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port must lie between 0 and 65535, was " + port);
        }
    }

    /**
     * Reads {@code host}, {@code host:port}, {@code [::1]:port}, {@code :port} (this machine).
     *
     * @throws IllegalArgumentException with a sentence that can be shown to the user
     */
    public static ServerAddress parse(String text) {
        String host = text;
        String port = "";
        int colon = text.lastIndexOf(':');
        if (text.startsWith("[")) {
            int close = text.indexOf(']');
            if (close < 0) {
                throw new IllegalArgumentException("address lacks its ']': '" + text + "'");
            }
            host = text.substring(1, close);
            String rest = text.substring(close + 1);
            if (!rest.isEmpty() && !rest.startsWith(":")) {
                throw new IllegalArgumentException("address is host:port, not '" + text + "'");
            }
            port = rest.isEmpty() ? "" : rest.substring(1);
        } else if (colon >= 0 && text.indexOf(':') == colon) {
            host = colon == 0 ? "localhost" : text.substring(0, colon);
            port = text.substring(colon + 1);
        }
        try {
            return new ServerAddress(host, port.isEmpty() ? DEFAULT_PORT : Integer.parseInt(port));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("port is a number, not '" + port + "'", e);
        }
    }

    /** Whether it is this machine, by its name alone. */
    public boolean isLoopback() {
        return Hosts.isLoopback(host);
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
