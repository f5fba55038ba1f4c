package dev.sluice.engine.store;

import dev.sluice.engine.testkit.PartialFileChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** A file on a disk with little room; a negative room means that it takes all and then fails to flush. */
final class FullDisk extends PartialFileChannel {

    private final FileChannel file;
    private final boolean failsToFlush;
    private long room;

    FullDisk(FileChannel file, long room) {
        this.file = file;
        this.failsToFlush = room < 0;
        this.room = room < 0 ? Long.MAX_VALUE : room;
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        return write(sources[offset]);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        if (room == 0) {
            throw new IOException("No space left on device");
        }
        ByteBuffer part = source.duplicate();
        part.limit((int) Math.min(source.limit(), source.position() + room));
        int written = file.write(part);
        source.position(part.position());
        room -= written;
        return written;
    }

    @Override
    public void force(boolean metaData) throws IOException {
        if (failsToFlush) {
            throw new IOException("Input/output error");
        }
        file.force(metaData);
    }

    @Override
    protected void implCloseChannel() throws IOException {
        file.close();
    }
}
