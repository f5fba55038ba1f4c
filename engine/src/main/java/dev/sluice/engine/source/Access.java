package dev.sluice.engine.source;

/** How often a source can be read. */
public enum Access {
    /** Once, in its own order: a pipe. */
    ONE_PASS,
    /** Again, but the bytes may differ: a live server. */
    AGAIN,
    /** Again and at any offset, always the same: files. */
    SEEKABLE
}
