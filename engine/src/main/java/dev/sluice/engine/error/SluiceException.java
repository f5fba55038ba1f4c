package dev.sluice.engine.error;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The root of all that the engine throws or signals on purpose; anything else is a defect. */
public abstract sealed class SluiceException extends RuntimeException
        permits ArchiveDamaged,
                CodecUnavailable,
                CompressedDataDamaged,
                ConnectionFailed,
                ConnectionLost,
                DirectoriesInUse,
                EmptyAnswer,
                EncoderFailed,
                EngineBroken,
                EngineClosed,
                FieldTypeConflict,
                FormatDamaged,
                HttpFailure,
                InvalidRequest,
                MalformedResponse,
                NotInstalled,
                NotThere,
                RestoreRefused,
                ServerSilent,
                ShardWithdrawn,
                StoreFailed,
                StreamDamaged,
                TsmDamaged {

    private static final long serialVersionUID = 1L;

    private final String hint;

    SluiceException(String message, String hint, @Nullable Throwable cause) {
        super(message, cause);
        this.hint = hint;
    }

    /** What happened, to what, and after how many bytes; every error of the engine says it. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /** What to try next, one or two sentences for the person in front of it. */
    public String hint() {
        return hint;
    }

    /** Whether it says that what was read is damaged, and not that it could not be read. */
    public boolean tellsOfDamage() {
        return false;
    }

    /** Whether the same attempt, made again from its start, may succeed. */
    public boolean worthRetrying() {
        return false;
    }
}
