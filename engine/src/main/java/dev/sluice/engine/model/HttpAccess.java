package dev.sluice.engine.model;

/** Where a server's HTTP API is, and who asks. */
public record HttpAccess(HttpEndpoint endpoint, Credentials credentials) {

    /** Without authentication. */
    public static HttpAccess anonymous(HttpEndpoint endpoint) {
        return new HttpAccess(endpoint, Credentials.NONE);
    }
}
