package dev.sluice.engine.transport;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Fails a connection on which the peer stays silent, counting only the time in which we were ready to read.
 *
 * <p>A read is asked for ({@code read()} passes outwards) only while there is demand, so the clock starts there
 * and stops with the next bytes; while a slow disk holds the demand back, no clock runs.
 */
final class ReadDeadline extends ChannelDuplexHandler {

    /** Signals that the limit has passed. */
    static final class Passed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Duration limit;

        Passed(Duration limit) {
            super("silent for " + limit, null, false, false);
            this.limit = limit;
        }

        Duration limit() {
            return limit;
        }
    }

    private final Duration firstByte;
    private final Duration idle;

    private boolean waiting;
    private boolean begun;
    private long waitingSince;
    private @Nullable Future<?> alarm;

    ReadDeadline(Duration firstByte, Duration idle) {
        this.firstByte = firstByte;
        this.idle = idle;
    }

    @Override
    public void read(ChannelHandlerContext ctx) throws Exception {
        if (!waiting) {
            waiting = true;
            waitingSince = System.nanoTime();
            if (alarm == null) {
                schedule(ctx, limit().toNanos());
            }
        }
        super.read(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
        waiting = false;
        if (!begun) {
            begun = true;
            cancelAlarm(); // it was set for the longer limit
        }
        super.channelRead(ctx, msg);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        cancelAlarm();
        super.channelInactive(ctx);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        cancelAlarm();
    }

    // One timer a limit, not one a read: it looks when it fires how much of the wait is left.
    private void schedule(ChannelHandlerContext ctx, long nanos) {
        alarm = ctx.executor().schedule(() -> look(ctx), nanos, TimeUnit.NANOSECONDS);
    }

    private void look(ChannelHandlerContext ctx) {
        alarm = null;
        if (!waiting || !ctx.channel().isActive()) {
            return;
        }
        long left = limit().toNanos() - (System.nanoTime() - waitingSince);
        if (left > 0) {
            schedule(ctx, left);
        } else {
            ctx.fireExceptionCaught(new Passed(limit()));
            ctx.close();
        }
    }

    private Duration limit() {
        return begun ? idle : firstByte;
    }

    private void cancelAlarm() {
        waiting = false;
        if (alarm != null) {
            alarm.cancel(false);
            alarm = null;
        }
    }
}
