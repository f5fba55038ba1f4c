package dev.sluice.engine.model;

/** Who asks. Secrets are never part of a URL, a log line or {@code toString()}. */
public sealed interface Credentials {

    /** Nobody in particular: servers without authentication. */
    Credentials NONE = new None();

    /** No credentials. */
    record None() implements Credentials {}

    /** User and password of InfluxDB 1.x. */
    record Basic(String user, String password) implements Credentials {
        @Override
        public String toString() {
            return "user " + user;
        }
    }

    /** Token of InfluxDB 2.x and 3.x. */
    record Token(String token) implements Credentials {
        @Override
        public String toString() {
            return "a token";
        }
    }
}
