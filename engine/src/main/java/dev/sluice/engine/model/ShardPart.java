package dev.sluice.engine.model;

import io.netty.buffer.ByteBuf;
import java.time.Instant;
import java.util.Optional;

/**
 * One step of a shard on its way: each file is a {@link FileStart}, its {@link Bytes}, a {@link FileEnd};
 * {@link ShardEnd} comes last and only when the whole archive was seen to be complete.
 *
 * <p>Whoever receives a part owns its buffer and calls {@link #release()} once.
 */
public sealed interface ShardPart {

    /** Frees the part's buffer, if it has one. */
    default void release() {}

    /** Bytes in the part's buffer: those of the archive that it came in, padding and marker left out. */
    default int rawBytes() {
        return 0;
    }

    /**
     * A file begins.
     *
     * @param name base name of the file inside the shard's directory, such as {@code 000000001-000000001.tsm}
     * @param size bytes that follow before {@link FileEnd}
     * @param modified the file's time on the server, in whole seconds as tar carries it
     * @param rawHeader the tar header blocks exactly as they were received, extended headers included, a
     *     multiple of 512 bytes, so that the archive can be written again byte for byte
     * @param ahead of a TSM file whose index could be read first: what that says of the blocks to come
     */
    record FileStart(String name, long size, Instant modified, ByteBuf rawHeader, Optional<BlockSizes> ahead)
            implements ShardPart {

        private static final long BLOCK = 512; // of a tar

        public FileStart {
            if (size < 0) {
                throw new IllegalArgumentException("size must not be negative, was " + size);
            }
        }

        /** What the file takes of the tar that it came in: its headers, its content, and the zeros up to a whole block. */
        public long tarBytes() {
            return rawHeader.readableBytes() + size + (-size & (BLOCK - 1));
        }

        /** Of a file that comes as it comes. */
        public FileStart(String name, long size, Instant modified, ByteBuf rawHeader) {
            this(name, size, modified, rawHeader, Optional.empty());
        }

        /** The same file, its index read. The header's buffer is handed on. */
        public FileStart with(BlockSizes sizes) {
            return new FileStart(name, size, modified, rawHeader, Optional.of(sizes));
        }

        @Override
        public void release() {
            rawHeader.release();
        }

        @Override
        public int rawBytes() {
            return rawHeader.readableBytes();
        }
    }

    /** Some of the file's bytes, never empty. */
    record Bytes(ByteBuf data) implements ShardPart {
        @Override
        public void release() {
            data.release();
        }

        @Override
        public int rawBytes() {
            return data.readableBytes();
        }
    }

    /** The file is complete. */
    record FileEnd() implements ShardPart {}

    /**
     * The end-of-archive marker was seen and the input ended right after it.
     *
     * @param files how many files the shard had
     */
    record ShardEnd(int files) implements ShardPart {}
}
