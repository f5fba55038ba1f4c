package dev.sluice.engine.tar;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import io.netty.buffer.ByteBuf;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Bytes of a shard's archive to parts. */
public final class TarReader {

    private TarReader() {}

    /**
     * A stage for {@code transform}: reads the tar of one shard and checks it while it passes. One input buffer
     * is asked for at a time, and only on demand; the body's parts are slices of it, nothing is copied.
     *
     * <p>The result completes only after {@link ShardPart.ShardEnd}, that is after every file was complete,
     * exactly two zero blocks came and the input ended right behind them. A clean end anywhere else is an error:
     * the protocol has no other sign of failure (observed on 1.6.7, 1.8.10 and 1.12.4).
     *
     * <p>Takes over the input's buffers; the subscriber releases every part. State belongs to the subscription.
     *
     * <p>Signals {@link dev.sluice.engine.error.ArchiveDamaged} with the offset of the first wrong byte, or
     * {@link dev.sluice.engine.error.EmptyAnswer} if there was not one byte. What was emitted before does not
     * depend on how the input was cut into buffers.
     *
     * @param shard whose files the archive must hold, each directly under {@code database/policy/id/}
     */
    public static Function<Flux<ByteBuf>, Flux<ShardPart>> parts(ShardRef shard) {
        return input -> Flux.defer(() -> {
            var decoder = new TarDecoder(shard);
            return input.concatMap(buffer -> partsOf(buffer, decoder), 0)
                    .concatWith(Mono.fromCallable(decoder::end))
                    .doOnDiscard(ByteBuf.class, TarReader::release);
        });
    }

    /** Parts as they are asked for; the buffer is released however this ends. */
    private static Flux<ShardPart> partsOf(ByteBuf buffer, TarDecoder decoder) {
        return Flux.generate(
                () -> buffer,
                (in, sink) -> {
                    ShardPart part = decoder.next(in);
                    if (part == null) {
                        sink.complete();
                    } else {
                        sink.next(part);
                    }
                    return in;
                },
                ByteBuf::release);
    }

    /** Discard hooks add up along a flow, so another one may have been here first. */
    private static void release(ByteBuf discarded) {
        if (discarded.refCnt() > 0) {
            discarded.release();
        }
    }
}
