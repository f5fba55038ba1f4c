package dev.sluice.engine.stage;

import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

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

    private static final class Filler implements CoreSubscriber<ByteBuf>, Subscription {
        private final CoreSubscriber<? super ByteBuf> actual;
        private final SlabSupply supply;

        private final AtomicInteger work = new AtomicInteger();
        private final AtomicLong demand = new AtomicLong();
        // Mailboxes: written by whoever has something, emptied by the drain alone.
        private final AtomicReference<@Nullable ByteBuf> arrived = new AtomicReference<>();
        private final AtomicReference<@Nullable ByteBuf> granted = new AtomicReference<>();
        private volatile boolean cancelled;
        private volatile boolean ended;
        private volatile @Nullable Throwable failure;

        // Touched by the drain alone.
        private @Nullable Subscription upstream;
        private @Nullable ByteBuf slab;
        private @Nullable Disposable waiting;
        private boolean asked;
        private boolean over;

        private Filler(CoreSubscriber<? super ByteBuf> actual, SlabSupply supply) {
            this.actual = actual;
            this.supply = supply;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription s) {
            if (Operators.validate(upstream, s)) {
                upstream = s;
                actual.onSubscribe(this);
            }
        }

        @Override
        public void onNext(ByteBuf bytes) {
            arrived.set(bytes);
            drain();
        }

        @Override
        public void onError(Throwable t) {
            failure = t;
            ended = true;
            drain();
        }

        @Override
        public void onComplete() {
            ended = true;
            drain();
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                demand.accumulateAndGet(n, Operators::addCap);
                drain();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            Subscription s = upstream;
            if (s != null) {
                s.cancel();
            }
            drain();
        }

        private void drain() {
            if (work.getAndIncrement() != 0) {
                return;
            }
            int missed = 1;
            do {
                while (step()) {
                    // again, as long as something could be done
                }
                missed = work.addAndGet(-missed);
            } while (missed != 0);
        }

        /** Does one thing; false when there is nothing to do until somebody calls {@link #drain()}. */
        private boolean step() {
            if (over || cancelled) {
                over = true;
                letGo();
                return false;
            }
            if (failure != null) {
                over = true;
                letGo();
                actual.onError(failure);
                return false;
            }
            ByteBuf fresh = granted.getAndSet(null);
            if (fresh != null) {
                waiting = null;
                slab = fresh;
                return true;
            }
            ByteBuf in = arrived.get();
            // Read after `arrived`: what came before the end is in the mailbox by then.
            boolean last = ended && in == null && arrived.get() == null;
            if (last && slab == null) {
                over = true;
                letGo();
                actual.onComplete();
                return false;
            }
            if (slab == null) {
                return (in != null || demand.get() > 0) && waitForSlab();
            }
            if (last || !slab.isWritable()) {
                return emit(last);
            }
            if (in != null) {
                copy(in, slab);
                return true;
            }
            if (!asked && demand.get() > 0) {
                asked = true;
                upstreamOrFail().request(1);
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

        private boolean emit(boolean last) {
            ByteBuf full = slab;
            if (full == null) {
                return false;
            }
            if (last && !full.isReadable()) {
                slab = null;
                full.release();
                return true;
            }
            if (demand.get() == 0) {
                return false;
            }
            slab = null;
            if (demand.get() != Long.MAX_VALUE) {
                demand.decrementAndGet();
            }
            actual.onNext(full);
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

        private Subscription upstreamOrFail() {
            Subscription s = upstream;
            if (s == null) {
                throw new IllegalStateException("asked before the subscription");
            }
            return s;
        }

        private void letGo() {
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
