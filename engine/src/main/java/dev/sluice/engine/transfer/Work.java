package dev.sluice.engine.transfer;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Something to export, given out in chunks that are made into text side by side. Blocking; one thread at a time. */
interface Work {

    /** The next chunk in the order of the output; null when there is none. */
    @Nullable
    Chunk next() throws IOException;
}
