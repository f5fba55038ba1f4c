package dev.sluice.engine.transfer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** All that an export has open of one policy or shard, to be closed when its text is written. */
final class OpenFiles implements AutoCloseable {

    private final List<OpenTsm> files = new ArrayList<>();
    private boolean closed;

    synchronized OpenTsm add(OpenTsm file) throws IOException {
        if (closed) {
            file.close();
            throw new IOException("the export has ended");
        }
        files.add(file);
        return file;
    }

    /** Closes one early. */
    synchronized void done(OpenTsm file) throws IOException {
        if (files.remove(file)) {
            file.close();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        for (OpenTsm file : files) {
            try {
                file.close();
            } catch (IOException e) {
                // It was only read.
            }
        }
        files.clear();
    }
}
