package dev.sluice.engine.transfer;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;

/** All that an export has open of one policy or shard, to be closed when its text is written. */
final class OpenFiles implements AutoCloseable {

    private final List<Closeable> files = new ArrayList<>();
    private boolean closed;

    /** @throws ClosedChannelException if the export has ended meanwhile; the file is closed then */
    synchronized <T extends Closeable> T add(T file) throws IOException {
        if (closed) {
            file.close();
            throw new ClosedChannelException();
        }
        files.add(file);
        return file;
    }

    /** Closes one early. */
    synchronized void done(Closeable file) throws IOException {
        if (files.remove(file)) {
            file.close();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        for (Closeable file : files) {
            try {
                file.close();
            } catch (IOException e) {
                // It was only read.
            }
        }
        files.clear();
    }
}
