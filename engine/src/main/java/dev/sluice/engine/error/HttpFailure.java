package dev.sluice.engine.error;

import org.jspecify.annotations.Nullable;

/** A request to the HTTP API that brought no result: {@link HttpUnreachable}, {@link HttpRefused} or {@link CertificateNotTrusted}. */
public abstract sealed class HttpFailure extends SluiceException
        permits CertificateNotTrusted, HttpRefused, HttpUnreachable {

    private static final long serialVersionUID = 1L;

    HttpFailure(String message, String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }
}
