package dev.sluice.engine.error;

/** The HTTP API showed a certificate that is not trusted here, or that is for another name. Nothing was sent. */
public final class CertificateNotTrusted extends HttpFailure {

    private static final long serialVersionUID = 1L;

    /**
     * @param what the request in words, such as {@code a write into telemetry/autogen}
     * @param address for people; no credentials
     * @param cause at whose root the reason stands
     */
    public CertificateNotTrusted(String what, String address, Throwable cause) {
        super(
                "%s was not sent, as the certificate of %s is not trusted: %s"
                        .formatted(what, address, NetworkTrouble.inWords(cause)),
                "Give Java a trust store that has its issuer: JAVA_OPTS='-Djavax.net.ssl.trustStore=FILE'. "
                        + "-unsafeSsl accepts any certificate, whoever shows it.",
                cause);
    }
}
