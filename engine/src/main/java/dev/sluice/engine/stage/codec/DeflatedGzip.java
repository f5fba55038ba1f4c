package dev.sluice.engine.stage.codec;

import dev.sluice.engine.error.EncoderFailed;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** Gzip members around what a {@link SlabDeflater} makes; a slab that would not shrink is stored. */
final class DeflatedGzip implements SlabEncoder {

    private final String name;
    private final ContextPool<SlabDeflater> contexts;

    DeflatedGzip(int level, GzipEncoderProvider provider) {
        this.name = "gzip:%d by %s".formatted(level, provider.name());
        this.contexts = new ContextPool<>(() -> provider.create(level), SlabDeflater::close);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int bound(int rawBytes) {
        return GzipMember.bound(rawBytes);
    }

    @Override
    public void encode(ByteBuf raw, ByteBuf out) {
        deflate(raw, out, null);
    }

    @Override
    public void encodeFirst(ByteBuf raw, ByteBuf out, String originalName) {
        deflate(raw, out, originalName);
    }

    private void deflate(ByteBuf slab, ByteBuf target, @Nullable String originalName) {
        DirectBuffers.encode(slab, target, bound(slab.readableBytes()), (raw, out) -> {
            GzipMember.writeHeader(out, originalName);
            ByteBuffer bytes = raw.nioBuffer();
            var crc = new CRC32();
            crc.update(bytes.duplicate());
            int room = (int) GzipMember.storedSize(raw.readableBytes()) - 1;
            ByteBuffer body = out.nioBuffer(out.writerIndex(), room);
            int size = deflate(bytes, body);
            if (size == SlabDeflater.DOES_NOT_FIT) {
                GzipMember.writeStored(raw, out);
            } else {
                out.writerIndex(out.writerIndex() + size);
            }
            GzipMember.writeTrailer(out, crc, raw.readableBytes());
        });
    }

    private int deflate(ByteBuffer raw, ByteBuffer out) {
        int room = out.remaining();
        int size = contexts.with(context -> {
            try {
                return context.deflate(raw, out);
            } catch (RuntimeException e) {
                throw new EncoderFailed("%s failed on a slab: %s".formatted(name, e.getMessage()), e);
            }
        });
        if (size < SlabDeflater.DOES_NOT_FIT || size == 0 || size > room) {
            throw new EncoderFailed("%s says that it wrote %d bytes where %d fit".formatted(name, size, room), null);
        }
        return size;
    }

    @Override
    public void close() {
        contexts.close();
    }
}
