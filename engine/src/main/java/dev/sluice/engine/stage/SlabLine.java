package dev.sluice.engine.stage;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.stage.codec.SlabEncoder;
import dev.sluice.engine.stage.codec.SlabEncoders;
import io.netty.buffer.ByteBuf;
import java.util.Optional;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/**
 * The line that all shards of a copy go over: small buffers into slabs, slabs into compressed ones. It owns the copy's
 * memory and its encoder; whoever opened it closes it when the copy is over.
 */
public final class SlabLine implements AutoCloseable {

    /** Raw bytes in a slab: a member of this size costs 0.1 to 0.2 % against one large (gzip 1). */
    public static final int SLAB_BYTES = 1 << 20;

    private final Compression compression;
    private final Optional<SlabEncoder> encoder;
    private final SlabPool pool;
    private final Scheduler workers;
    private final int ahead;

    private SlabLine(
            Compression compression, Optional<SlabEncoder> encoder, SlabPool pool, Scheduler workers, int ahead) {
        this.compression = compression;
        this.encoder = encoder;
        this.pool = pool;
        this.workers = workers;
        this.ahead = ahead;
    }

    /**
     * Opens a line.
     *
     * @param budget bytes of slabs for all shards together
     * @param workers where compression runs
     * @param parallelism of the workers
     */
    public static SlabLine open(Compression compression, long budget, Scheduler workers, int parallelism) {
        Optional<SlabEncoder> encoder = SlabEncoders.forCompression(compression);
        int beside = encoder.map(e -> e.bound(SLAB_BYTES)).orElse(0);
        // One more than there are workers, so that none waits while the oldest result is on its way to the store.
        return new SlabLine(compression, encoder, new SlabPool(SLAB_BYTES, beside, budget), workers, parallelism + 1);
    }

    public Compression compression() {
        return compression;
    }

    /** Which encoder does the work, for reports: {@code gzip:6 by libdeflate}. */
    public String encoderName() {
        return encoder.map(SlabEncoder::name).orElse("none");
    }

    /** The memory in use. */
    public SlabPool pool() {
        return pool;
    }

    /**
     * One file's way over the line.
     *
     * @param originalName of the file before compression
     */
    public Function<Flux<ByteBuf>, Flux<ByteBuf>> through(String originalName) {
        return through(originalName, pool::acquire);
    }

    /**
     * The same for a file that has to wait for its turn.
     *
     * @param standing of this line's pool
     */
    public Function<Flux<ByteBuf>, Flux<ByteBuf>> through(String originalName, SlabPool.Standing standing) {
        return through(originalName, (SlabSupply) standing);
    }

    private Function<Flux<ByteBuf>, Flux<ByteBuf>> through(String originalName, SlabSupply supply) {
        Function<Flux<ByteBuf>, Flux<ByteBuf>> fill = Slabs.fill(supply);
        return encoder.map(e -> fill.andThen(Compress.slabs(e, originalName, workers, ahead)))
                .orElse(fill);
    }

    @Override
    public void close() {
        encoder.ifPresent(SlabEncoder::close);
    }
}
