package dev.sluice.engine.stage.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import dev.sluice.engine.error.CompressedDataDamaged;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Zstd frames (RFC 8878), skippable ones too, one after the other to the end of the input. */
final class ZstdDecoder implements Decoder {

    /**
     * Windows of 8 MiB: all that zstd writes without {@code --ultra} or {@code --long}. It bounds the memory that a
     * frame's header can make us take.
     */
    private static final int MAX_WINDOW_LOG = 23;

    private final String what;
    private final ByteBufAllocator allocator;
    private final ZstdDecompressCtx context;

    private long offset;
    private long frames;
    private boolean inFrame;
    private boolean pending;

    ZstdDecoder(String what, ByteBufAllocator allocator) {
        this.what = what;
        this.allocator = allocator;
        ZstdLibrary.require();
        context = new ZstdDecompressCtx();
        context.setLongMax(MAX_WINDOW_LOG);
    }

    @Override
    public @Nullable ByteBuf step(ByteBuffer in) {
        if (!pending && !in.hasRemaining()) {
            return null;
        }
        ByteBuf chunk = allocator.directBuffer(Decoder.room(in.remaining(), pending));
        try {
            ByteBuffer room = chunk.nioBuffer(0, chunk.writableBytes());
            while (room.hasRemaining() && (pending || in.hasRemaining())) {
                decode(in, room);
            }
            chunk.writerIndex(room.position());
        } catch (Throwable e) {
            chunk.release();
            throw e;
        }
        if (chunk.isReadable()) {
            return chunk;
        }
        chunk.release();
        return null;
    }

    private void decode(ByteBuffer in, ByteBuffer room) {
        int before = in.position();
        int written = room.position();
        try {
            inFrame = !context.decompressDirectByteBufferStream(room, in);
        } catch (ZstdException e) {
            throw damaged(problem(e), e);
        }
        offset += in.position() - before;
        if (!inFrame) {
            frames++;
        }
        pending = inFrame && !room.hasRemaining();
        boolean moved = in.position() > before || room.position() > written;
        if (!moved && in.hasRemaining()) {
            throw damaged("is not valid zstd data", null);
        }
    }

    private String problem(ZstdException e) {
        // Its streaming calls give the code negated, observed on 1.5.7-28.
        long code = Math.abs(e.getErrorCode());
        if (code == Zstd.errPrefixUnknown()) {
            return frames == 0 ? "is not zstd" : "has bytes after a zstd frame that are not another one";
        }
        if (code == Zstd.errFrameParameterWindowTooLarge()) {
            return "needs a window of more than %d MiB to decode".formatted(1 << (MAX_WINDOW_LOG - 20));
        }
        return "is not valid zstd data: " + e.getMessage();
    }

    @Override
    public boolean pending() {
        return pending;
    }

    @Override
    public void finish() {
        if (inFrame) {
            throw damaged("ends in the middle of a zstd frame", null);
        }
        if (frames == 0) {
            throw damaged("is empty, without one zstd frame", null);
        }
    }

    @Override
    public void free() {
        context.close();
    }

    private CompressedDataDamaged damaged(String problem, @Nullable Throwable cause) {
        return new CompressedDataDamaged(what, problem, offset, cause);
    }
}
