package dev.sluice.engine.model;

/** How a restore proves that a server has what was sent. */
public enum Verification {
    /** Each shard is read back, and its files are compared by name, size and checksum. */
    FULL,
    /**
     * The server's own statistics, over its HTTP API, must have gained as many files and bytes as were sent. A shard whose
     * statistics did not is read back as with {@link #FULL}. Nothing tells that the bytes are the same.
     */
    COUNTS,
    /** Only that the shard answers again. */
    OFF
}
