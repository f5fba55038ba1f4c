package dev.sluice.engine.error;

/** The HTTP API answered, and the answer is an error. */
public final class HttpRefused extends HttpFailure {

    private static final long serialVersionUID = 1L;

    private final int status;
    private final String reason;

    /**
     * @param what the request in words, such as {@code the statement CREATE DATABASE "a"}
     * @param status of HTTP; 200 where the error stands inside a good answer
     * @param reason as the server words it
     */
    public HttpRefused(String what, int status, String reason) {
        super("the server refused %s: %s (HTTP %d)".formatted(what, reason, status), hint(status, reason), null);
        this.status = status;
        this.reason = reason;
    }

    /** Whether a server says that a policy is not there; it does so with 500, and it gets no better later on. */
    public static boolean lacksPolicy(String reason) {
        return reason.startsWith("retention policy not found");
    }

    private static String hint(int status, String reason) {
        if (lacksPolicy(reason)) {
            return "Create the policy first, or let the file do it with its DDL.";
        }
        if (status == 401 || status == 403) {
            return "Check user and password (INFLUX_USERNAME, INFLUX_PASSWORD) or the token, "
                    + "and whether they may do this.";
        }
        if (status == 404) {
            if (reason.startsWith("bucket ") || reason.startsWith("organization ")) {
                return "Create the bucket first; --org and --bucket name it, and the token must be allowed to see it.";
            }
            return reason.contains("database not found")
                    ? "Create the database first, or let the file do it with its DDL."
                    : "Is this really the HTTP address of InfluxDB? A path prefix may be missing.";
        }
        return status >= 500
                ? "Look into the server's log, and try again when it has recovered."
                : "The server's own words tell what it does not accept.";
    }

    /** Of HTTP; 200 where the error stood inside a good answer. */
    public int status() {
        return status;
    }

    /** The server's own words. */
    public String reason() {
        return reason;
    }

    @Override
    public boolean worthRetrying() {
        return status >= 500 || status == 429;
    }
}
