package dev.sluice.engine.error;

import org.jspecify.annotations.Nullable;

/** Compressed bytes are cut short, are not of the format they should be, or fail their own checksum. */
public final class CompressedDataDamaged extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final String what;
    private final long offset;

    /**
     * @param what the file or stream, as the user knows it
     * @param problem what is wrong with it, as a clause: {@code ends in the middle of a gzip member}
     * @param offset bytes of the compressed input that had been read when it was noticed
     */
    public CompressedDataDamaged(String what, String problem, long offset, @Nullable Throwable cause) {
        super(
                "%s %s (at byte %d of its compressed form)".formatted(what, problem, offset),
                "Was the copy of it complete? Compare its size and digest with where it came from, "
                        + "then take another backup that holds the same shard.",
                cause);
        this.what = what;
        this.offset = offset;
    }

    /** The file or stream, as the user knows it. */
    public String what() {
        return what;
    }

    /** Bytes of the compressed input that had been read when it was noticed. */
    public long offset() {
        return offset;
    }

    @Override
    public boolean tellsOfDamage() {
        return true;
    }
}
