package dev.sluice.engine.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A file that is being written. Blocking; one call at a time. */
interface PendingFile {

    /** Appends all that remains in the buffers, in order. */
    void write(ByteBuffer[] buffers) throws IOException;

    /**
     * Makes it durable and visible under its name.
     *
     * @return time spent on durability
     * @throws java.nio.file.FileAlreadyExistsException if the name was taken meanwhile
     */
    Duration publish() throws IOException;

    /** Removes what was published: whoever wanted it left meanwhile. */
    void withdraw() throws IOException;

    /** Removes it; also after a publish that failed. */
    void discard() throws IOException;

    /** How one is begun. */
    @FunctionalInterface
    interface Opener {
        PendingFile open() throws IOException;

        /** Instead of {@link #open}, or after it has failed: frees what was set aside for the file. */
        default void abandon() throws IOException {}

        /** Ends a write that may never end by itself, behind a cancel; called by whoever cancels, and never blocks. */
        default void interrupt() {}
    }
}
