package dev.sluice.engine.tsm;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Where goes what does not fit into memory for a while. */
@FunctionalInterface
public interface Scratch {

    /** An empty file to write and read, gone when it is closed. */
    SeekableByteChannel open() throws IOException;

    /** Nameless files in this directory. */
    static Scratch in(Path directory) {
        return () -> FileChannel.open(
                Files.createTempFile(directory, "scratch", ".tmp"),
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
    }
}
