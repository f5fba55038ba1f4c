package dev.sluice.engine.stage;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;

/**
 * A common limit in bytes a second for all shards of a copy. It holds back empty slabs, so that what is not
 * allowed yet is not asked for and waits on the server's side of the socket.
 */
public final class RateLimit {

    private final long bytesPerSecond;
    private final Scheduler clock;
    private long freeAt;

    /** @param clock tells the time and wakes up those who wait */
    public RateLimit(long bytesPerSecond, Scheduler clock) {
        if (bytesPerSecond < 1) {
            throw new IllegalArgumentException("rate must be positive, was " + bytesPerSecond);
        }
        this.bytesPerSecond = bytesPerSecond;
        this.clock = clock;
        this.freeAt = clock.now(TimeUnit.NANOSECONDS);
    }

    /** Counts bytes that have passed. */
    synchronized void passed(long bytes) {
        freeAt = Math.max(clock.now(TimeUnit.NANOSECONDS), freeAt) + (long) (bytes * 1e9 / bytesPerSecond);
    }

    /** A supply of slabs that holds them back until what has passed is paid for. */
    SlabSupply behind(SlabSupply pool) {
        return consumer -> {
            // Not a swap: the clock may ring before the alarm itself is on the ticket.
            Disposable.Composite ticket = Disposables.composite();
            acquire(pool, consumer, ticket);
            return ticket;
        };
    }

    private void acquire(SlabSupply pool, Consumer<ByteBuf> consumer, Disposable.Composite ticket) {
        long wait = untilFree();
        ticket.add(
                wait <= 0
                        ? pool.acquire(consumer)
                        : clock.schedule(() -> acquire(pool, consumer, ticket), wait, TimeUnit.NANOSECONDS));
    }

    private synchronized long untilFree() {
        return freeAt - clock.now(TimeUnit.NANOSECONDS);
    }
}
