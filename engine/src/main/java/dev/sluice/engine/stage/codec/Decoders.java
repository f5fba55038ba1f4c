package dev.sluice.engine.stage.codec;

import dev.sluice.engine.model.Compression.Codec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;

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
 * pieces, wrong checksum or length, no bytes at all.
 */
public final class Decoders {

    private static final int GZIP_MAGIC = 0x1f8b08;
    private static final int ZSTD_MAGIC = 0xfd2fb528;
    private static final int ZSTD_SKIPPABLE_MAGIC = 0x184d2a50;
    private static final int ZSTD_SKIPPABLE_MASK = 0xfffffff0;

    private Decoders() {}

    /** @param what the file or stream, for error messages */
    public static Function<Flux<ByteBuf>, Flux<ByteBuf>> gzip(String what) {
        return gzip(what, ByteBufAllocator.DEFAULT);
    }

    static Function<Flux<ByteBuf>, Flux<ByteBuf>> gzip(String what, ByteBufAllocator allocator) {
        return in -> decoded(in, () -> new GzipDecoder(what, allocator), allocator);
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
        return in -> decoded(in, () -> new ZstdDecoder(what, allocator), allocator);
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

    private static Flux<ByteBuf> decoded(Flux<ByteBuf> in, Supplier<Decoder> start, ByteBufAllocator allocator) {
        return Flux.using(
                () -> new Guard(start.get()),
                guard -> in
                        // No prefetch: nothing is ever queued here that a cancel would have to find.
                        .concatMap(buffer -> guard.chunks(buffer, allocator), 0)
                        .concatWith(Flux.defer(guard::finished)),
                Guard::close);
    }

    /**
     * Keeps native memory alive while a step runs: a cancel comes from another thread, and freeing the decoder
     * under a running step would crash the process. Whoever is last frees it, nobody waits.
     */
    private static final class Guard {
        private enum State {
            IDLE,
            RUNNING,
            CLOSING,
            CLOSED
        }

        private final Decoder decoder;
        private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);

        Guard(Decoder decoder) {
            this.decoder = decoder;
        }

        /** What {@code buffer} decodes to, chunk by chunk on demand; releases it however that ends. */
        Flux<ByteBuf> chunks(ByteBuf buffer, ByteBufAllocator allocator) {
            Callable<Input> open = () -> Input.of(buffer, allocator);
            return Flux.generate(open, this::next, Input::release);
        }

        private Input next(Input input, SynchronousSink<ByteBuf> sink) {
            if (!state.compareAndSet(State.IDLE, State.RUNNING)) {
                sink.complete();
                return input;
            }
            ByteBuf chunk;
            boolean more;
            try {
                chunk = decoder.step(input.bytes);
                more = decoder.pending() || input.bytes.hasRemaining();
            } finally {
                leave();
            }
            emit(chunk, more, sink);
            return input;
        }

        private void emit(@Nullable ByteBuf chunk, boolean more, SynchronousSink<ByteBuf> sink) {
            if (chunk != null && state.get() != State.IDLE) {
                chunk.release();
                chunk = null;
            }
            if (chunk != null) {
                sink.next(chunk);
            }
            if (chunk == null || !more) {
                sink.complete();
            }
        }

        Flux<ByteBuf> finished() {
            if (state.compareAndSet(State.IDLE, State.RUNNING)) {
                try {
                    decoder.finish();
                } finally {
                    leave();
                }
            }
            return Flux.empty();
        }

        private void leave() {
            if (!state.compareAndSet(State.RUNNING, State.IDLE)) {
                state.set(State.CLOSED);
                decoder.free();
            }
        }

        void close() {
            State before = state.getAndUpdate(now -> now == State.RUNNING ? State.CLOSING : State.CLOSED);
            if (before == State.IDLE) {
                decoder.free();
            }
        }
    }

    /** One input buffer, and its bytes as native codecs want them. */
    private record Input(ByteBuf buffer, ByteBuffer bytes) {

        /** Takes over {@code buffer}. */
        static Input of(ByteBuf buffer, ByteBufAllocator allocator) {
            if (DirectBuffers.isPlain(buffer)) {
                return new Input(buffer, buffer.nioBuffer());
            }
            try {
                ByteBuf copy = DirectBuffers.copyOf(buffer, allocator);
                return new Input(copy, copy.nioBuffer());
            } finally {
                buffer.release();
            }
        }

        void release() {
            buffer.release();
        }
    }
}
