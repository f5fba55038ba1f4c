package dev.sluice.engine.error;

import org.jspecify.annotations.Nullable;

/** A compressor failed or did not pass its self-check. */
public final class EncoderFailed extends SluiceException {

    private static final long serialVersionUID = 1L;

    public EncoderFailed(String message, @Nullable Throwable cause) {
        super(message, "Choose another one with --compression, for example gzip:0 or none.", cause);
    }
}
