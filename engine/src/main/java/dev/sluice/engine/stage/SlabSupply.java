package dev.sluice.engine.stage;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;
import reactor.core.Disposable;

/** Where empty slabs come from: a pool, or a place in its line. */
@FunctionalInterface
interface SlabSupply {

    /** As {@link SlabPool#acquire}. */
    Disposable acquire(Consumer<ByteBuf> consumer);
}
