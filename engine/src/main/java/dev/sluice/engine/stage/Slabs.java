package dev.sluice.engine.stage;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import java.util.function.Function;
import reactor.core.publisher.Flux;

/** From small buffers to slabs. */
public final class Slabs {

    private Slabs() {}

    /**
     * Copies bytes into slabs of the pool. Upstream is asked for one buffer at a time and only while the
     * subscriber has demand and there is a slab to fill; incoming buffers are released, slabs belong to the
     * subscriber.
     *
     * @param limit holds slabs back so that all that share it stay under its rate
     */
    public static Function<Flux<ByteBuf>, Flux<ByteBuf>> fill(SlabPool pool, Optional<RateLimit> limit) {
        return fill((SlabSupply) pool::acquire, limit);
    }

    /** The same, out of a place in a line. */
    static Function<Flux<ByteBuf>, Flux<ByteBuf>> fill(SlabSupply supply, Optional<RateLimit> limit) {
        return limit.<Function<Flux<ByteBuf>, Flux<ByteBuf>>>map(rate -> bytes ->
                        new SlabFill(bytes, rate.behind(supply)).doOnNext(slab -> rate.passed(slab.readableBytes())))
                .orElse(bytes -> new SlabFill(bytes, supply));
    }
}
