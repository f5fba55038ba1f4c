package dev.sluice.engine.stage.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/**
 * Native codecs get direct memory in one part and nothing else: no array offsets to ignore, no pinned heap. Slabs
 * and what comes from sockets and files is of that kind already.
 */
final class DirectBuffers {

    private DirectBuffers() {}

    /** What encodes one slab; both buffers are direct and in one part. */
    @FunctionalInterface
    interface Body {
        void encode(ByteBuf raw, ByteBuf out);
    }

    static boolean isPlain(ByteBuf buffer) {
        return buffer.isDirect() && buffer.nioBufferCount() == 1;
    }

    /** A direct copy of the readable bytes; the argument stays the caller's. */
    static ByteBuf copyOf(ByteBuf buffer, ByteBufAllocator allocator) {
        ByteBuf copy = allocator.directBuffer(Math.max(1, buffer.readableBytes()));
        return copy.writeBytes(buffer, buffer.readerIndex(), buffer.readableBytes());
    }

    /** Runs {@code body} on {@code raw} and {@code out} or on direct stand-ins for them. */
    static void encode(ByteBuf raw, ByteBuf out, int bound, Body body) {
        if (out.writableBytes() < bound) {
            throw new IllegalArgumentException("%d bytes may need %d bytes of room, there are %d"
                    .formatted(raw.readableBytes(), bound, out.writableBytes()));
        }
        boolean inPlace = isPlain(raw);
        ByteBuf in = inPlace ? raw : copyOf(raw, ByteBufAllocator.DEFAULT);
        try {
            if (isPlain(out)) {
                int start = out.writerIndex();
                try {
                    body.encode(in, out);
                } catch (Throwable e) {
                    out.writerIndex(start);
                    throw e;
                }
            } else {
                ByteBuf piece = ByteBufAllocator.DEFAULT.directBuffer(bound);
                try {
                    body.encode(in, piece);
                    out.writeBytes(piece);
                } finally {
                    piece.release();
                }
            }
        } finally {
            if (!inPlace) {
                in.release();
            }
        }
    }
}
