package dev.sluice.engine.stage;

import dev.sluice.engine.flow.DrainingSubscriber;
import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;

/**
 * Gathers buffers of any size into full slabs; the last one may be shorter.
 *
 * <p>An operator of its own because no composition of the library's waits for memory <em>before</em> it asks for
 * data: here upstream is asked for one buffer at a time, and only while the subscriber has demand and a slab with
 * room is at hand. Incoming buffers are copied and released; slabs belong to the subscriber.
 */
final class SlabFill extends FluxOperator<ByteBuf, ByteBuf> {

    private final SlabSupply supply;

    SlabFill(Flux<? extends ByteBuf> bytes, SlabSupply supply) {
        super(bytes);
        this.supply = supply;
    }

    @Override
    public void subscribe(CoreSubscriber<? super ByteBuf> actual) {
        source.subscribe(new Filler(actual, supply));
    }

    private static final class Filler extends DrainingSubscriber<ByteBuf, ByteBuf> {
        private final SlabSupply supply;
        // Mailboxes: written by whoever has something, emptied by the loop alone.
        private final AtomicReference<@Nullable ByteBuf> arrived = new AtomicReference<>();
        private final AtomicReference<@Nullable ByteBuf> granted = new AtomicReference<>();

        // Touched by the loop alone.
        private @Nullable ByteBuf slab;
        private @Nullable Disposable waiting;
        private boolean asked;

        private Filler(CoreSubscriber<? super ByteBuf> actual, SlabSupply supply) {
            super(actual, ByteBuf::release);
            this.supply = supply;
        }

        @Override
        public void onNext(ByteBuf bytes) {
            arrived.set(bytes);
            drain();
        }

        @Override
        protected boolean step() {
            Throwable failed = failure();
            if (failed != null) {
                fail(failed);
                return false;
            }
            ByteBuf fresh = granted.getAndSet(null);
            if (fresh != null) {
                waiting = null;
                slab = fresh;
                return true;
            }
            boolean end = ended();
            ByteBuf in = arrived.get();
            boolean last = end && in == null;
            ByteBuf filling = slab;
            if (filling == null) {
                if (last) {
                    complete();
                    return false;
                }
                return (in != null || wanted()) && waitForSlab();
            }
            if (last || !filling.isWritable()) {
                return pass(filling);
            }
            if (in != null) {
                copy(in, filling);
                return true;
            }
            if (!asked && wanted()) {
                asked = true;
                upstream().request(1);
                return true;
            }
            return false;
        }

        private boolean waitForSlab() {
            if (waiting != null) {
                return false;
            }
            // Marked before the call, as the supply may answer within it.
            Disposable.Swap ticket = Disposables.swap();
            waiting = ticket;
            ticket.update(supply.acquire(memory -> {
                granted.set(memory);
                drain();
            }));
            return true;
        }

        private boolean pass(ByteBuf full) {
            if (!full.isReadable()) {
                slab = null;
                full.release();
                return true;
            }
            if (!wanted()) {
                return false;
            }
            slab = null;
            emit(full);
            return true;
        }

        private void copy(ByteBuf in, ByteBuf into) {
            into.writeBytes(in, Math.min(in.readableBytes(), into.writableBytes()));
            if (!in.isReadable()) {
                arrived.set(null);
                asked = false;
                in.release();
            }
        }

        @Override
        protected void letGo() {
            Disposable ticket = waiting;
            if (ticket != null) {
                waiting = null;
                ticket.dispose();
            }
            ReferenceCountUtil.release(granted.getAndSet(null));
            ReferenceCountUtil.release(arrived.getAndSet(null));
            ByteBuf half = slab;
            slab = null;
            ReferenceCountUtil.release(half);
        }
    }
}
