package dev.sluice.engine.error;

import org.jspecify.annotations.Nullable;

/** The HTTP API showed a certificate that is not trusted here, or that is for another name. Nothing was sent. */
public final class CertificateNotTrusted extends HttpFailure {

    private static final long serialVersionUID = 1L;

    /**
     * @param what the request in words, such as {@code a write into telemetry/autogen}
     * @param address for people; no credentials
     */
    public CertificateNotTrusted(String what, String address, String reason, @Nullable Throwable cause) {
        super(
                "%s was not sent, as the certificate of %s is not trusted: %s".formatted(what, address, reason),
                "Give Java a trust store that has its issuer: JAVA_OPTS='-Djavax.net.ssl.trustStore=FILE'. "
                        + "-unsafeSsl accepts any certificate, whoever shows it.",
                cause);
    }
}
