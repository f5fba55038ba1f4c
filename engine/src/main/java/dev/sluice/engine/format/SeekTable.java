package dev.sluice.engine.format;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.sluice.engine.stage.codec.ZstdLibrary;
import dev.sluice.engine.store.PlainFile;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The table that the zstd seekable format puts behind the last frame, in a skippable frame that every decoder passes
 * over: the compressed and the raw size of each frame, so that who has the stream as a file finds any offset of its tar
 * (zstd, contrib/seekable_format, format version 0.1.0).
 */
public final class SeekTable {

    private static final int SKIPPABLE = 0x184d2a5e;
    private static final int SEEKABLE = 0x8f92eab1;
    private static final int ENTRY = 8;
    private static final int FOOTER = 9;

    /** A tebibyte of raw slabs; for more there is no table, as it is kept in memory. */
    private static final int MOST_FRAMES = 1 << 20;

    /** A table whose frames are larger is not one of ours, and no reason to make room for them. */
    private static final int MOST_RAW = 8 << 20;

    private int[] sizes = new int[256];
    private int frames;
    private boolean useful = true;

    private SeekTable() {}

    /** The frames, each in one buffer with its raw size in the header, and the table behind them. */
    public static Flux<ByteBuf> behind(Flux<ByteBuf> frames) {
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

    /** Where the frames of a file begin, as its table has it; both by frame, and one more for the end. */
    public static final class Frames {
        private final long[] places;
        private final long[] offsets;

        private Frames(int frames) {
            places = new long[frames + 1];
            offsets = new long[frames + 1];
        }

        public int count() {
            return places.length - 1;
        }

        /** The first byte of a frame in the file. */
        public long place(int frame) {
            return places[frame];
        }

        /** The first byte of a frame's content in what all of them decompress to. */
        public long offset(int frame) {
            return offsets[frame];
        }

        /** The frame whose content begins exactly there, or {@link #count()} for the end of all; negative if there is none. */
        public int at(long offset) {
            return Arrays.binarySearch(offsets, offset);
        }
    }

    /**
     * The frames of a file that ends with a table. Blocks.
     *
     * @return empty if it does not, or if the table does not fit the file to the byte
     */
    public static Optional<Frames> read(FileChannel file) throws IOException {
        long size = file.size();
        if (size < ENTRY + FOOTER) {
            return Optional.empty();
        }
        ByteBuffer footer = bytes(file, size - FOOTER, FOOTER);
        int count = footer.getInt();
        boolean known = footer.get() == 0 && footer.getInt() == SEEKABLE;
        if (!known || count <= 0 || count > MOST_FRAMES) {
            return Optional.empty();
        }
        int length = count * ENTRY + FOOTER;
        long place = size - length - ENTRY;
        if (place <= 0) {
            return Optional.empty();
        }
        ByteBuffer table = bytes(file, place, ENTRY + length - FOOTER);
        if (table.getInt() != SKIPPABLE || table.getInt() != length) {
            return Optional.empty();
        }
        var frames = new Frames(count);
        for (int i = 0; i < count; i++) {
            int compressed = table.getInt();
            int raw = table.getInt();
            if (compressed <= 0 || raw <= 0 || raw > MOST_RAW) {
                return Optional.empty();
            }
            frames.places[i + 1] = frames.places[i] + compressed;
            frames.offsets[i + 1] = frames.offsets[i] + raw;
        }
        return frames.places[count] == place ? Optional.of(frames) : Optional.empty();
    }

    /**
     * What one frame decompresses to. Blocks.
     *
     * @return empty if it is damaged, or another frame than the table says
     */
    public static Optional<byte[]> content(FileChannel file, Frames frames, int frame) throws IOException {
        long length = frames.places[frame + 1] - frames.places[frame];
        int raw = (int) (frames.offsets[frame + 1] - frames.offsets[frame]);
        ZstdLibrary.require();
        if (length > Zstd.compressBound(raw)) {
            return Optional.empty();
        }
        try {
            byte[] content = Zstd.decompress(
                    bytes(file, frames.places[frame], (int) length).array(), raw);
            return content.length == raw ? Optional.of(content) : Optional.empty();
        } catch (ZstdException e) {
            return Optional.empty();
        }
    }

    private static ByteBuffer bytes(FileChannel file, long place, int length) throws IOException {
        return PlainFile.bytes(file, place, length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
