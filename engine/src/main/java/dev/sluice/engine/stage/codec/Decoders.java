package dev.sluice.engine.stage.codec;

import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.flow.Unfold;
import dev.sluice.engine.flow.Unfolder;
import dev.sluice.engine.model.Compression.Codec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ReferenceCountUtil;
import java.nio.ByteBuffer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * From compressed bytes back to raw ones: stages for {@link Flux#transform}, cold, one decoder a subscription.
 *
 * <p>The input may be cut anywhere and is read to its very end: member after member, frame after frame. It is asked
 * for one buffer at a time, and only when all that came before has been given out. Each element demanded costs one
 * chunk of at most 128 KiB, however far the input would expand.
 *
 * <p>Input buffers are released here, the subscriber releases what it receives. Work is done on the thread that
 * brings the input or the demand. What has been given out is proved only by completion: a piece's checksum stands
 * at its end. Everything that is wrong with the input ends in
 * {@link dev.sluice.engine.error.CompressedDataDamaged}: cut short, not of the format, bytes between or after the
 * pieces, wrong checksum or length, no bytes at all, far more bytes than a backup can expand to ({@link Expansion}).
 */
public final class Decoders {

    private static final int GZIP_MAGIC = 0x1f8b08;
    private static final int ZSTD_MAGIC = 0xfd2fb528;
    private static final int ZSTD_SKIPPABLE_MAGIC = 0x184d2a50;
    private static final int ZSTD_SKIPPABLE_MASK = 0xfffffff0;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private Decoders() {}

    /** @param what the file or stream, for error messages */
    public static Function<Flux<ByteBuf>, Flux<ByteBuf>> gzip(String what) {
        return gzip(what, ByteBufAllocator.DEFAULT);
    }

    static Function<Flux<ByteBuf>, Flux<ByteBuf>> gzip(String what, ByteBufAllocator allocator) {
        return decoded(what, () -> new GzipDecoder(what, allocator), Expansion.MOST_OF_GZIP, allocator);
    }

    /**
     * Frames with a window of more than 8 MiB ({@code zstd --ultra}, {@code --long}) are refused.
     *
     * @param what the file or stream, for error messages
     */
    public static Function<Flux<ByteBuf>, Flux<ByteBuf>> zstd(String what) {
        return zstd(what, ByteBufAllocator.DEFAULT);
    }

    static Function<Flux<ByteBuf>, Flux<ByteBuf>> zstd(String what, ByteBufAllocator allocator) {
        return decoded(what, () -> new ZstdDecoder(what, allocator), Expansion.MOST_OF_ZSTD, allocator);
    }

    /**
     * The stage for a codec; for {@link Codec#NONE} the input itself.
     *
     * @param what the file or stream, for error messages
     */
    public static Function<Flux<ByteBuf>, Flux<ByteBuf>> forCodec(Codec codec, String what) {
        return switch (codec) {
            case GZIP -> gzip(what);
            case ZSTD -> zstd(what);
            case NONE -> in -> in;
        };
    }

    /**
     * Tells the codec by the first readable bytes, of which it needs four at most; what is neither gzip nor zstd
     * is {@link Codec#NONE}, nothing at all included. The buffer is not changed.
     */
    public static Codec detect(ByteBuf first) {
        int start = first.readerIndex();
        if (first.readableBytes() >= 3 && first.getUnsignedMedium(start) == GZIP_MAGIC) {
            return Codec.GZIP;
        }
        if (first.readableBytes() >= 4) {
            int magic = first.getIntLE(start);
            if (magic == ZSTD_MAGIC || (magic & ZSTD_SKIPPABLE_MASK) == ZSTD_SKIPPABLE_MAGIC) {
                return Codec.ZSTD;
            }
        }
        return Codec.NONE;
    }

    private static Function<Flux<ByteBuf>, Flux<ByteBuf>> decoded(
            String what, Supplier<Decoder> start, int mostExpansion, ByteBufAllocator allocator) {
        return Unfold.of(
                () -> new Chunks(what, start.get(), new Expansion(mostExpansion), allocator), ByteBuf::release);
    }

    /** A decoder and the input that it is at. */
    private static final class Chunks implements Unfolder<ByteBuf> {
        private final String what;
        private final Decoder decoder;
        private final ByteBufAllocator allocator;
        private final Expansion expansion;
        private long used;
        private @Nullable ByteBuf buffer;
        private ByteBuffer bytes = NOTHING;
        private boolean more;

        private Chunks(String what, Decoder decoder, Expansion expansion, ByteBufAllocator allocator) {
            this.what = what;
            this.decoder = decoder;
            this.expansion = expansion;
            this.allocator = allocator;
        }

        @Override
        public void take(ByteBuf taken) {
            buffer = taken;
            if (!DirectBuffers.isPlain(taken)) {
                buffer = DirectBuffers.copyOf(taken, allocator);
                taken.release();
            }
            bytes = buffer.nioBuffer();
            more = true;
        }

        @Override
        public @Nullable ByteBuf next() {
            int before = bytes.position();
            ByteBuf chunk = more ? decoder.step(bytes) : null;
            int step = bytes.position() - before;
            used += step;
            if (chunk != null && !expansion.bears(step, chunk)) {
                chunk.release();
                throw new CompressedDataDamaged(
                        what,
                        "expands to more than %d times its size, as no backup does".formatted(expansion.most()),
                        used,
                        null);
            }
            more = chunk != null && (decoder.pending() || bytes.hasRemaining());
            if (chunk == null) {
                releaseInput();
            }
            return chunk;
        }

        @Override
        public @Nullable ByteBuf end() {
            decoder.finish();
            return null;
        }

        @Override
        public void close() {
            releaseInput();
            decoder.free();
        }

        private void releaseInput() {
            ReferenceCountUtil.release(buffer);
            buffer = null;
            bytes = NOTHING;
        }
    }
}
