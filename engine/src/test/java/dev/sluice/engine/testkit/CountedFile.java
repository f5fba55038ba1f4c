package dev.sluice.engine.testkit;

import dev.sluice.engine.store.PlainFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A file that tells how many of its bytes were read, and whether it is still open. */
public final class CountedFile implements PlainFile.Opener {

    private final Path path;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicInteger open = new AtomicInteger();

    public CountedFile(Path path) {
        this.path = path;
    }

    /** Bytes that were read since this was asked last. */
    public long read() {
        return bytes.getAndSet(0);
    }

    /** Those who have it open. */
    public int readers() {
        return open.get();
    }

    @Override
    public FileChannel open() throws IOException {
        Channel channel = new Channel(FileChannel.open(path));
        open.incrementAndGet();
        return channel;
    }

    private final class Channel extends PartialFileChannel {
        private final FileChannel file;

        private Channel(FileChannel file) {
            this.file = file;
        }

        private int counted(int length) {
            bytes.addAndGet(Math.max(0, length));
            return length;
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            return counted(file.read(target));
        }

        @Override
        public int read(ByteBuffer target, long place) throws IOException {
            return counted(file.read(target, place));
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public long position() throws IOException {
            return file.position();
        }

        @Override
        public FileChannel position(long place) throws IOException {
            file.position(place);
            return this;
        }

        @Override
        protected void implCloseChannel() throws IOException {
            open.decrementAndGet();
            file.close();
        }
    }
}
