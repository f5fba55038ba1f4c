package dev.sluice.engine.stage.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import dev.sluice.engine.error.EncoderFailed;
import io.netty.buffer.ByteBuf;

/**
 * One zstd frame a slab, with its size in the header and a checksum (low 32 bits of XXH64) at the end.
 *
 * <p>Levels are zstd's, but 1 and 3 have parameters of their own, measured on shards (docs/rationale.md): their blocks are
 * compressed already, so that long tries find little.
 */
final class ZstdEncoder implements SlabEncoder {

    private final int level;
    private final ContextPool<ZstdCompressCtx> contexts;

    ZstdEncoder(int level) {
        this.level = level;
        this.contexts = new ContextPool<>(() -> context(level), ZstdCompressCtx::close);
    }

    private static ZstdCompressCtx context(int level) {
        var context = new ZstdCompressCtx().setLevel(level).setChecksum(true).setContentSize(true);
        return switch (level) {
            case 1 -> context.setTargetLength(2).setMinMatch(6); // steps over what does not match, twice as fast
            case 3 -> context.setHashLog(15).setChainLog(15); // tables that stay near the processor
            default -> context;
        };
    }

    @Override
    public String name() {
        return "zstd:" + level;
    }

    @Override
    public int bound(int rawBytes) {
        long bound = rawBytes < 0 ? -1 : Zstd.compressBound(rawBytes);
        if (bound < 0 || bound > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a slab cannot have %d bytes".formatted(rawBytes));
        }
        return (int) bound;
    }

    @Override
    public void encode(ByteBuf slab, ByteBuf target) {
        DirectBuffers.encode(slab, target, bound(slab.readableBytes()), (raw, out) -> {
            int length = raw.readableBytes();
            int room = out.writableBytes();
            var bytes = raw.nioBuffer();
            var frame = out.nioBuffer(out.writerIndex(), room);
            int size = contexts.with(context -> {
                try {
                    return context.compressDirectByteBuffer(
                            frame, frame.position(), room, bytes, bytes.position(), length);
                } catch (ZstdException e) {
                    throw new EncoderFailed("%s failed on a slab: %s".formatted(name(), e.getMessage()), e);
                }
            });
            out.writerIndex(out.writerIndex() + size);
        });
    }

    @Override
    public void close() {
        contexts.close();
    }
}
