package dev.sluice.engine.tar;

import dev.sluice.engine.model.ShardPart;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;

/** Parts to the bytes of a shard's archive. */
public final class TarWriter {

    /** Two zero blocks end an archive, without padding to a record (observed on 1.6.7, 1.8.10 and 1.12.4). */
    private static final int END_MARKER = 2 * TarDecoder.BLOCK;

    private TarWriter() {}

    /**
     * A stage for {@code transform}: writes each file's raw header, its bytes, zeros up to the next block, and
     * the end marker at {@link ShardPart.ShardEnd}. What {@link TarReader} has read comes out byte for byte.
     *
     * <p>Takes over the parts; the subscriber releases every buffer. Nothing is copied or queued; demand passes
     * through. Parts that do not follow {@link ShardPart}'s order are a defect of the caller and signalled as
     * {@link IllegalStateException}.
     */
    public static Flux<ByteBuf> bytes(Flux<ShardPart> parts) {
        return Flux.defer(() -> {
            var state = new State();
            return parts.handle(state::write).concatWith(Mono.defer(state::complete));
        });
    }

    private static final class State {
        private boolean inFile;
        private boolean ended;
        private long size;
        private long missing;

        void write(ShardPart part, SynchronousSink<ByteBuf> sink) {
            if (!inOrder(part)) {
                part.release();
                sink.error(new IllegalStateException("part out of order: " + part));
            } else if (part instanceof ShardPart.FileStart start) {
                inFile = true;
                size = start.size();
                missing = size;
                sink.next(start.rawHeader());
            } else if (part instanceof ShardPart.Bytes bytes) {
                missing -= bytes.data().readableBytes();
                sink.next(bytes.data());
            } else if (part instanceof ShardPart.FileEnd) {
                inFile = false;
                int padding = (int) (-size & (TarDecoder.BLOCK - 1));
                if (padding > 0) {
                    sink.next(Unpooled.wrappedBuffer(new byte[padding]));
                }
            } else {
                ended = true;
                sink.next(Unpooled.wrappedBuffer(new byte[END_MARKER]));
            }
        }

        private boolean inOrder(ShardPart part) {
            if (part instanceof ShardPart.Bytes bytes) {
                return inFile && bytes.data().readableBytes() <= missing;
            }
            if (part instanceof ShardPart.FileEnd) {
                return inFile && missing == 0;
            }
            return !inFile && !ended;
        }

        Mono<ByteBuf> complete() {
            return ended
                    ? Mono.empty()
                    : Mono.error(new IllegalStateException("parts completed without the end of the shard"));
        }
    }
}
