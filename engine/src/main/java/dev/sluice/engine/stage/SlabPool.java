package dev.sluice.engine.stage;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * The memory of a copy: a fixed number of slabs of a fixed size, given out first come, first served; but those who
 * only read {@linkplain #standing() ahead of their turn} come last, and never get all of it.
 *
 * <p>A slab is a direct buffer to fill and, once asked for, a second one beside it for what becomes of it; both
 * count as one, so a stage that holds a slab never has to wait for another and cannot be in a deadlock with
 * others that do. Memory is touched when it is first needed and used again from then on. Safe for use by many
 * threads.
 */
public final class SlabPool {

    private final int slabBytes;
    private final int besideBytes;
    private final IntFunction<ByteBuffer> source;
    private final int slabs;
    private final Deque<Memory> idle = new ArrayDeque<>();
    private final Deque<Waiter> waiters = new ArrayDeque<>();
    private int made;
    private int out;
    private int ahead;

    /**
     * @param slabBytes that one slab takes
     * @param besideBytes of the buffer beside each slab, 0 if none is needed
     * @param budget in bytes for all; at least one slab is given whatever the budget
     */
    public SlabPool(int slabBytes, int besideBytes, long budget) {
        this(slabBytes, besideBytes, budget, ByteBuffer::allocateDirect);
    }

    /** With memory from elsewhere, of which there may be none. */
    SlabPool(int slabBytes, int besideBytes, long budget, IntFunction<ByteBuffer> source) {
        if (slabBytes < 1 || besideBytes < 0) {
            throw new IllegalArgumentException("slab of %d and %d bytes".formatted(slabBytes, besideBytes));
        }
        this.slabBytes = slabBytes;
        this.besideBytes = besideBytes;
        this.source = source;
        this.slabs = (int) Math.max(1, Math.min(Integer.MAX_VALUE, budget / (slabBytes + (long) besideBytes)));
    }

    /** What one slab takes, in bytes. */
    public int slabBytes() {
        return slabBytes;
    }

    /** How many slabs there are in all. */
    public int slabs() {
        return slabs;
    }

    /** How many slabs those have at most, all together, who are not first in their line. */
    int mostAhead() {
        return slabs - Math.max(1, slabs / 4);
    }

    /** Slabs that are given out now; 0 when nobody leaks. */
    public synchronized int outstanding() {
        return out;
    }

    /**
     * Asks for an empty slab. The consumer is called once, at once or later, on the thread that gave one back; it
     * owns the slab and releases it like any buffer.
     *
     * @return to withdraw; after that the consumer is not called any more
     */
    public Disposable acquire(Consumer<ByteBuf> consumer) {
        return acquire(new Waiter(consumer, null));
    }

    /**
     * A place in a line where only the first one makes progress and those behind read ahead: slabs acquired over it
     * come out of what the pool has for that, until it {@linkplain Standing#first() is first}. The rest is kept for
     * whoever is first, so that the line never stands still for want of memory.
     */
    public Standing standing() {
        return new Standing();
    }

    private Disposable acquire(Waiter waiter) {
        synchronized (this) {
            waiters.add(waiter);
        }
        serve();
        return waiter;
    }

    /** Gives what is free to those who may have it. */
    private void serve() {
        while (true) {
            Waiter next;
            Memory memory;
            synchronized (this) {
                next = out < slabs ? next() : null;
                if (next == null) {
                    return;
                }
                memory = take(next.behind());
                waiters.remove(next);
            }
            next.serve(memory);
        }
    }

    private @Nullable Waiter next() {
        Waiter behind = null;
        for (Waiter waiter : waiters) {
            if (!waiter.behind()) {
                return waiter;
            }
            if (behind == null) {
                behind = waiter;
            }
        }
        return ahead < mostAhead() ? behind : null;
    }

    /**
     * The buffer beside a slab of a pool, empty. The caller owns it; the pair goes back to the pool when both are
     * released.
     *
     * @throws IllegalArgumentException if {@code slab} does not come from a pool
     * @throws IllegalStateException if the pool was made without
     */
    public static ByteBuf beside(ByteBuf slab) {
        if (!(slab instanceof Slab pooled)) {
            throw new IllegalArgumentException("not a slab: " + slab);
        }
        return pooled.memory.beside();
    }

    private Memory take(boolean forAhead) {
        Memory memory = idle.poll();
        if (memory == null) {
            memory = new Memory(); // where there is none, nothing has changed
            made++;
        }
        out++;
        memory.ahead = forAhead;
        if (forAhead) {
            ahead++;
        }
        return memory;
    }

    private void giveBack(Memory memory) {
        synchronized (this) {
            idle.push(memory);
            out--;
            if (memory.ahead) {
                ahead--;
            }
        }
        serve();
    }

    private synchronized void withdraw(Waiter waiter) {
        waiters.remove(waiter);
    }

    @Override
    public synchronized String toString() {
        return "%d of %d slabs of %d bytes in use, %d made".formatted(out, slabs, slabBytes, made);
    }

    /** See {@link #standing()}. */
    public final class Standing implements SlabSupply {
        private boolean first;

        private Standing() {}

        /** As {@link SlabPool#acquire}. */
        @Override
        public Disposable acquire(Consumer<ByteBuf> consumer) {
            return SlabPool.this.acquire(new Waiter(consumer, this));
        }

        /** From now on, and for what is being waited for, all memory may be had. */
        public void first() {
            synchronized (SlabPool.this) {
                first = true;
            }
            serve();
        }
    }

    private final class Waiter implements Disposable {
        private final Consumer<ByteBuf> consumer;
        private final @Nullable Standing standing;
        private final AtomicBoolean over = new AtomicBoolean();

        private Waiter(Consumer<ByteBuf> consumer, @Nullable Standing standing) {
            this.consumer = consumer;
            this.standing = standing;
        }

        /** Under the pool's lock. */
        private boolean behind() {
            return standing != null && !standing.first;
        }

        private void serve(Memory memory) {
            if (over.compareAndSet(false, true)) {
                consumer.accept(memory.open());
            } else {
                giveBack(memory);
            }
        }

        @Override
        public void dispose() {
            if (over.compareAndSet(false, true)) {
                withdraw(this);
            }
        }

        @Override
        public boolean isDisposed() {
            return over.get();
        }
    }

    /** One pair of buffers; goes back when all that was handed out of it is released. */
    private final class Memory {
        private final ByteBuffer slab = source.apply(slabBytes);
        private final AtomicInteger users = new AtomicInteger();
        private @Nullable ByteBuffer beside;
        private boolean ahead;

        private ByteBuf open() {
            users.set(1);
            return new Slab(this, slab);
        }

        private ByteBuf beside() {
            if (besideBytes == 0) {
                throw new IllegalStateException("the pool has no room beside its slabs");
            }
            if (beside == null) {
                beside = source.apply(besideBytes);
            }
            users.incrementAndGet();
            return new Slab(this, beside);
        }

        private void released() {
            if (users.decrementAndGet() == 0) {
                giveBack(this);
            }
        }
    }

    /** A buffer whose end is its way back to the pool. */
    private static final class Slab extends UnpooledDirectByteBuf {
        private final Memory memory;

        private Slab(Memory memory, ByteBuffer bytes) {
            super(UnpooledByteBufAllocator.DEFAULT, bytes, bytes.capacity());
            this.memory = memory;
            clear();
        }

        @Override
        protected void deallocate() {
            super.deallocate();
            memory.released();
        }
    }
}
