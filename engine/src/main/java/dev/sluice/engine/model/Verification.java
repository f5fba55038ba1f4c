package dev.sluice.engine.model;

/** How a restore proves that a server has what was sent. */
public enum Verification {
    /** Each shard is read back, and its files are compared by name, size and checksum. */
    FULL,
    /** Only that the shard answers again. */
    OFF
}
