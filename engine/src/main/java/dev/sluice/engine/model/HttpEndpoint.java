package dev.sluice.engine.model;

/**
 * Where an HTTP API is. Credentials are no part of it, so that it can be shown.
 *
 * @param tls https instead of http
 * @param verify whether the server's certificate has to be valid; without effect unless {@code tls}
 * @param pathPrefix before every path, for a proxy; empty or with a slash in front and none behind
 */
public record HttpEndpoint(String host, int port, boolean tls, boolean verify, String pathPrefix) {

    public static final int DEFAULT_PORT = 8086;

    public HttpEndpoint {
        if (host.isBlank()) {
            throw new IllegalArgumentException("host must not be empty");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port must lie between 0 and 65535, was " + port);
        }
        pathPrefix = pathPrefix.replaceAll("/+$", "");
        if (!pathPrefix.isEmpty() && !pathPrefix.startsWith("/")) {
            pathPrefix = "/" + pathPrefix;
        }
    }

    /** Plain HTTP without a prefix. */
    public static HttpEndpoint plain(String host, int port) {
        return new HttpEndpoint(host, port, false, true, "");
    }

    /** Whether it is this machine, by its name alone. */
    public boolean isLoopback() {
        return Hosts.isLoopback(host);
    }

    /**
     * Reads {@code host:port/prefix}, with {@code http://} or {@code https://} in front or neither; without a port it is
     * {@value #DEFAULT_PORT}.
     *
     * @throws IllegalArgumentException with a sentence that can be shown to the user
     */
    public static HttpEndpoint parse(String text) {
        boolean tls = text.startsWith("https://");
        String rest = tls
                ? text.substring("https://".length())
                : text.startsWith("http://") ? text.substring("http://".length()) : text;
        int slash = rest.indexOf('/');
        String address = slash < 0 ? rest : rest.substring(0, slash);
        if (address.contains("@")) { // and is not repeated: there may be a password before it
            throw new IllegalArgumentException(
                    "user and password are no part of an address: they go by -username and INFLUX_PASSWORD");
        }
        ServerAddress parsed = ServerAddress.parse(address);
        boolean without =
                parsed.port() == ServerAddress.DEFAULT_PORT && !address.endsWith(":" + ServerAddress.DEFAULT_PORT);
        return new HttpEndpoint(
                parsed.host(),
                without ? DEFAULT_PORT : parsed.port(),
                tls,
                true,
                slash < 0 ? "" : rest.substring(slash));
    }

    /** {@code http://host:8086/prefix}. */
    @Override
    public String toString() {
        return "%s://%s:%d%s"
                .formatted(tls ? "https" : "http", host.contains(":") ? "[" + host + "]" : host, port, pathPrefix);
    }
}
