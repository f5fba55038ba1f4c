package dev.sluice.engine.stage;

import dev.sluice.engine.flow.DrainingSubscriber;
import dev.sluice.engine.model.ShardPart;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.scheduler.Scheduler;

/**
 * A common limit in bytes a second for all shards of a copy. It holds back demand, not data: what may not pass yet is
 * not asked for, and waits on the other side of the server's socket. Stands first behind the source, whatever the
 * target, so that all that is read counts, attempts that fail included.
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

    /**
     * One attempt's way under the limit. Cold. Upstream is asked for one part at a time, when there is demand and all that
     * has passed is paid for; parts go on as they are, on the thread that brings them or on the clock's.
     */
    public Flux<ShardPart> hold(Flux<ShardPart> parts) {
        return new Held(parts);
    }

    private synchronized void passed(long bytes) {
        freeAt = Math.max(clock.now(TimeUnit.NANOSECONDS), freeAt) + (long) (bytes * 1e9 / bytesPerSecond);
    }

    private synchronized long untilFree() {
        return freeAt - clock.now(TimeUnit.NANOSECONDS);
    }

    private final class Held extends FluxOperator<ShardPart, ShardPart> {

        private Held(Flux<ShardPart> parts) {
            super(parts);
        }

        @Override
        public void subscribe(CoreSubscriber<? super ShardPart> actual) {
            source.subscribe(new Gate(actual));
        }
    }

    /** Never has a part: each was asked for by the subscriber, and goes out on the thread that brings it. */
    private final class Gate extends DrainingSubscriber<ShardPart, ShardPart> {
        // Upstream was asked for a part that has not been passed on.
        private volatile boolean asked;
        private volatile boolean rung;

        // Touched by the loop alone.
        private @Nullable Disposable alarm;

        private Gate(CoreSubscriber<? super ShardPart> actual) {
            super(actual, ShardPart::release);
        }

        @Override
        public void onNext(ShardPart part) {
            passed(part.rawBytes()); // before it belongs to somebody else
            emit(part);
            asked = false;
            drain();
        }

        @Override
        protected boolean step() {
            if (ended()) {
                complete();
                return false;
            }
            if (alarm != null && rung) {
                alarm = null;
            }
            if (alarm != null || asked || !wanted()) {
                return false;
            }
            long wait = untilFree();
            if (wait > 0) {
                rung = false;
                alarm = clock.schedule(this::ring, wait, TimeUnit.NANOSECONDS);
            } else {
                asked = true;
                upstream().request(1);
            }
            return false;
        }

        private void ring() {
            rung = true;
            drain();
        }

        @Override
        protected void letGo() {
            Disposable waiting = alarm;
            alarm = null;
            if (waiting != null) {
                waiting.dispose();
            }
        }
    }
}
