package dev.sluice.engine.tsm;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/** Opens a file to be written, once it is known that there is something to write; each call means another file. */
@FunctionalInterface
public interface NewFile {
    WritableByteChannel open() throws IOException;
}
