package dev.sluice.engine.stage.codec;

import io.netty.buffer.ByteBuf;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** Gzip that does not compress: what every gzip reader takes, at the speed of a copy and a CRC-32. */
final class StoredGzip implements SlabEncoder {

    private volatile boolean closed;

    @Override
    public String name() {
        return "gzip:0";
    }

    @Override
    public int bound(int rawBytes) {
        return GzipMember.bound(rawBytes);
    }

    @Override
    public void encode(ByteBuf raw, ByteBuf out) {
        store(raw, out, null);
    }

    @Override
    public void encodeFirst(ByteBuf raw, ByteBuf out, String originalName) {
        store(raw, out, originalName);
    }

    private void store(ByteBuf slab, ByteBuf target, @Nullable String originalName) {
        if (closed) {
            throw new IllegalStateException("the encoder is closed");
        }
        DirectBuffers.encode(slab, target, bound(slab.readableBytes()), (raw, out) -> {
            var crc = new CRC32();
            GzipMember.writeHeader(out, originalName);
            GzipMember.writeStored(raw, out, crc);
            GzipMember.writeTrailer(out, crc, raw.readableBytes());
        });
    }

    @Override
    public void close() {
        closed = true;
    }
}
