package dev.sluice.engine.tar;

import dev.sluice.engine.flow.Unfold;
import dev.sluice.engine.flow.Unfolder;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

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
        return Unfold.of(() -> new Parts(new TarDecoder(new ShardRules(shard))), ShardPart::release);
    }

    /**
     * The same for an archive of any files, each under its whole path as its name.
     *
     * @param what the archive, for messages
     * @return signals {@link dev.sluice.engine.error.StreamDamaged} where it is not well-formed; also when the input
     *     ends before the archive does
     */
    public static Function<Flux<ByteBuf>, Flux<ShardPart>> files(String what) {
        return Unfold.of(() -> new Parts(new TarDecoder(new FileRules(what))), ShardPart::release);
    }

    /**
     * The same as {@link #files}, for an upload, whose sender waits for an answer after the end marker: {@link
     * ShardPart.ShardEnd} comes with the marker, and what follows is read and dropped.
     */
    public static Function<Flux<ByteBuf>, Flux<ShardPart>> upload(String what) {
        return Unfold.of(() -> new Parts(new TarDecoder(new FileRules(what), true)), ShardPart::release);
    }

    private static final class Parts implements Unfolder<ShardPart> {
        private final TarDecoder decoder;
        private @Nullable ByteBuf bytes;

        private Parts(TarDecoder decoder) {
            this.decoder = decoder;
        }

        @Override
        public void take(ByteBuf taken) {
            bytes = taken;
        }

        @Override
        public @Nullable ShardPart next() {
            ShardPart part = decoder.next(Objects.requireNonNull(bytes));
            if (part == null) {
                close();
            }
            return part;
        }

        @Override
        public @Nullable ShardPart end() {
            return decoder.end();
        }

        @Override
        public void close() {
            ReferenceCountUtil.release(bytes);
            bytes = null;
        }
    }
}
