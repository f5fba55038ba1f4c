package dev.sluice.engine.stage.codec;

import dev.sluice.engine.error.EncoderFailed;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Gzip members around what a {@link SlabDeflater} makes; a slab that would not shrink is stored. At level 1, which asks for
 * speed, so is one of which a probe hardly shrinks: random mantissas cost the most time and yield the least.
 */
final class DeflatedGzip implements SlabEncoder {

    private static final int PROBE_BYTES = 32 * 1024;

    /** What is left of a probe that is worth the work: 1 / 1.12. */
    private static final int PROBE_ROOM = (int) (PROBE_BYTES / 1.12);

    private final String name;
    private final boolean probes;
    private final ContextPool<SlabDeflater> contexts;

    DeflatedGzip(int level, GzipEncoderProvider provider) {
        this.name = "gzip:%d by %s".formatted(level, provider.name());
        this.probes = level == 1;
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
            int size = worthTheWork(bytes, body) ? deflate(bytes, body) : SlabDeflater.DOES_NOT_FIT;
            if (size == SlabDeflater.DOES_NOT_FIT) {
                GzipMember.writeStored(raw, out);
            } else {
                out.writerIndex(out.writerIndex() + size);
            }
            GzipMember.writeTrailer(out, crc, raw.readableBytes());
        });
    }

    /** Deflates a piece from the middle of a large slab; {@code room} is only scratch. */
    private boolean worthTheWork(ByteBuffer raw, ByteBuffer room) {
        if (!probes || raw.remaining() < 8 * PROBE_BYTES) {
            return true;
        }
        int middle = raw.position() + (raw.remaining() - PROBE_BYTES) / 2;
        ByteBuffer piece = raw.slice(middle, PROBE_BYTES);
        return deflate(piece, room.slice(room.position(), PROBE_ROOM)) != SlabDeflater.DOES_NOT_FIT;
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
