package dev.sluice.engine.testkit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** An open file that refuses whatever a test does not expect of its user. */
@SuppressWarnings("unused") // what is refused needs no arguments
public abstract class PartialFileChannel extends FileChannel {

    private static UnsupportedOperationException refused() {
        return new UnsupportedOperationException("no test has asked for this");
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        throw refused();
    }

    @Override
    public int read(ByteBuffer target, long place) throws IOException {
        throw refused();
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
        throw refused();
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        throw refused();
    }

    @Override
    public int write(ByteBuffer source, long place) throws IOException {
        throw refused();
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        throw refused();
    }

    @Override
    public long position() throws IOException {
        throw refused();
    }

    @Override
    public FileChannel position(long place) throws IOException {
        throw refused();
    }

    @Override
    public long size() throws IOException {
        throw refused();
    }

    @Override
    public FileChannel truncate(long length) throws IOException {
        throw refused();
    }

    @Override
    public void force(boolean metaData) throws IOException {
        throw refused();
    }

    @Override
    public long transferTo(long place, long count, WritableByteChannel target) throws IOException {
        throw refused();
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long place, long count) throws IOException {
        throw refused();
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long place, long length) throws IOException {
        throw refused();
    }

    @Override
    public FileLock lock(long place, long length, boolean shared) throws IOException {
        throw refused();
    }

    @Override
    public FileLock tryLock(long place, long length, boolean shared) throws IOException {
        throw refused();
    }
}
