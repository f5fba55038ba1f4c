package dev.sluice.engine.target;

import com.github.luben.zstd.Zstd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The table that the zstd seekable format puts behind the last frame, in a skippable frame that every decoder passes
 * over: the compressed and the raw size of each frame, so that who has the stream as a file finds any offset of its tar
 * (zstd, contrib/seekable_format, format version 0.1.0).
 */
final class SeekTable {

    private static final int SKIPPABLE = 0x184d2a5e;
    private static final int SEEKABLE = 0x8f92eab1;
    private static final int ENTRY = 8;
    private static final int FOOTER = 9;

    /** A tebibyte of raw slabs; for more there is no table, as it is kept in memory. */
    private static final int MOST_FRAMES = 1 << 20;

    private int[] sizes = new int[256];
    private int frames;
    private boolean useful = true;

    private SeekTable() {}

    /** The frames, each in one buffer with its raw size in the header, and the table behind them. */
    static Flux<ByteBuf> behind(Flux<ByteBuf> frames) {
        return Flux.defer(() -> {
            SeekTable table = new SeekTable();
            return frames.doOnNext(table::add).concatWith(Mono.fromSupplier(table::frame));
        });
    }

    private void add(ByteBuf frame) {
        long raw = Zstd.getDirectByteBufferFrameContentSize(frame.nioBuffer(), 0, frame.readableBytes());
        useful &= raw > 0 && raw <= Integer.MAX_VALUE && frames < MOST_FRAMES;
        if (!useful) {
            sizes = new int[0];
            return;
        }
        if (2 * frames == sizes.length) {
            sizes = Arrays.copyOf(sizes, 2 * sizes.length);
        }
        sizes[2 * frames] = frame.readableBytes();
        sizes[2 * frames + 1] = (int) raw;
        frames++;
    }

    private ByteBuf frame() {
        if (!useful) {
            return Unpooled.EMPTY_BUFFER;
        }
        int length = frames * ENTRY + FOOTER;
        ByteBuf table = Unpooled.directBuffer(ENTRY + length);
        table.writeIntLE(SKIPPABLE).writeIntLE(length);
        for (int i = 0; i < 2 * frames; i++) {
            table.writeIntLE(sizes[i]);
        }
        return table.writeIntLE(frames).writeByte(0).writeIntLE(SEEKABLE);
    }
}
