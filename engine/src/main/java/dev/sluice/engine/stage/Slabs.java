package dev.sluice.engine.stage;

import io.netty.buffer.ByteBuf;
import java.util.function.Function;
import reactor.core.publisher.Flux;

/** From small buffers to slabs. */
public final class Slabs {

    private Slabs() {}

    /**
     * Copies bytes into slabs of the pool. Upstream is asked for one buffer at a time and only while the
     * subscriber has demand and there is a slab to fill; incoming buffers are released, slabs belong to the
     * subscriber.
     */
    public static Function<Flux<ByteBuf>, Flux<ByteBuf>> fill(SlabPool pool) {
        return fill((SlabSupply) pool::acquire);
    }

    /** The same, out of a place in a line. */
    static Function<Flux<ByteBuf>, Flux<ByteBuf>> fill(SlabSupply supply) {
        return bytes -> new SlabFill(bytes, supply);
    }
}
