package dev.sluice.engine.tsm;

import java.io.IOException;
import java.io.InputStream;

/** The bytes of a file, from its start each time; whoever opens the stream closes it. */
@FunctionalInterface
public interface FileBytes {
    InputStream open() throws IOException;
}
