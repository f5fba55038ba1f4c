package dev.sluice.engine.transport;

import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.ServerSilent;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.netty.Connection;

/**
 * One archive on its way into one connection. Asks for one buffer at a time, and only while less than
 * {@value #WINDOW} bytes wait for the socket: no more than that and one buffer is ever held here.
 *
 * <p>All state belongs to the connection's event loop; buffers that come from another thread hop there.
 */
final class ArchiveSender extends BaseSubscriber<ByteBuf> {

    /** Enough to keep a fast connection busy, small beside the budget of a copy. */
    private static final int WINDOW = 512 * 1024;

    /** Large buffers go in pieces of this size, so that progress shows however slow the socket is. */
    private static final int PIECE = 64 * 1024;

    private final Channel channel;
    private final EventLoop loop;
    private final SnapshotRequest.ShardUpload request;
    private final Timeouts timeouts;
    private final LongConsumer told;
    private final MonoSink<Void> result;

    private boolean asked;
    private boolean begun;
    private boolean ended;
    private boolean closed;
    private boolean over;
    private int waiting;
    private long sent;

    private Duration limit = Duration.ZERO;
    private long idleSince;
    private @Nullable Future<?> alarm;

    private ArchiveSender(
            Channel channel,
            SnapshotRequest.ShardUpload request,
            Timeouts timeouts,
            LongConsumer told,
            MonoSink<Void> result) {
        this.channel = channel;
        this.loop = channel.eventLoop();
        this.request = request;
        this.timeouts = timeouts;
        this.told = told;
        this.result = result;
    }

    /** Completes when the server has closed after the last byte; ends the archive's subscription however it ends. */
    static Mono<Void> send(
            Connection connection,
            SnapshotRequest.ShardUpload request,
            Flux<ByteBuf> tar,
            Timeouts timeouts,
            LongConsumer told) {
        return Mono.create(sink -> {
            var sender = new ArchiveSender(connection.channel(), request, timeouts, told, sink);
            var closing = connection
                    .inbound()
                    .receive()
                    .subscribe(bytes -> sender.answered(bytes.readableBytes()), sender::broken, sender::closedByServer);
            sink.onDispose(() -> {
                sender.stop();
                closing.dispose();
            });
            tar.subscribe(sender);
        });
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        inLoop(this::pull);
    }

    @Override
    protected void hookOnNext(ByteBuf bytes) {
        if (loop.inEventLoop()) {
            take(bytes);
        } else if (!inLoop(() -> take(bytes))) {
            bytes.release();
        }
    }

    @Override
    protected void hookOnError(Throwable failure) {
        inLoop(() -> fail(failure));
    }

    @Override
    protected void hookOnComplete() {
        inLoop(() -> {
            ended = true;
            if (closed) {
                succeed();
            } else if (waiting == 0) {
                startClock(timeouts.firstByte());
            }
        });
    }

    private void pull() {
        if (!over && !asked && !ended && waiting < WINDOW) {
            asked = true;
            request(1);
        }
    }

    private void take(ByteBuf bytes) {
        asked = false;
        if (closed) {
            closedTooEarly();
        }
        if (over) {
            bytes.release();
            return;
        }
        if (!begun) {
            // With the first bytes behind it, a server that refuses the shard closes with bytes unread, which is a
            // reset.
            begun = true;
            var unused = channel.write(request.encode(channel.alloc())); // where this fails, the next write fails too
        }
        if (waiting == 0) {
            startClock(timeouts.idle());
        }
        waiting += bytes.readableBytes();
        while (bytes.readableBytes() > PIECE) {
            write(bytes.readRetainedSlice(PIECE));
        }
        write(bytes);
        channel.flush();
        pull();
    }

    private void write(ByteBuf piece) {
        int length = piece.readableBytes();
        channel.write(piece).addListener(written -> {
            if (written.isSuccess()) {
                took(length);
            } else {
                broken(written.cause());
            }
        });
    }

    private void took(int length) {
        if (over) {
            return;
        }
        waiting -= length;
        sent += length;
        idleSince = System.nanoTime();
        told.accept(length);
        if (waiting == 0 && ended) {
            startClock(timeouts.firstByte());
        }
        pull();
    }

    private void answered(int length) {
        fail(new MalformedResponse("%s was answered with %d bytes".formatted(request.describe(), length), 0));
    }

    private void broken(Throwable why) {
        fail(why instanceof SluiceException ? why : new ConnectionLost(request.describe(), sent, why));
    }

    /**
     * Judged one task later: the listeners of what was just written come first. The server closes as soon as it has seen
     * the archive's end marker, which may be before the archive itself tells that it has ended.
     */
    private void closedByServer() {
        inLoop(() -> {
            closed = true;
            if (waiting > 0 || !begun) {
                closedTooEarly();
            } else if (ended) {
                succeed();
            }
        });
    }

    private void closedTooEarly() {
        broken(new IOException("the server closed before it had all of it"));
    }

    private void succeed() {
        if (!over) {
            over = true;
            closeGently();
            result.success();
        }
    }

    /** The server has closed its side already; ours needs no reset any more. */
    private void closeGently() {
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, -1);
        } catch (ChannelException e) {
            // closed by now, which is as good
        }
    }

    private void fail(Throwable why) {
        if (!over) {
            over = true;
            result.error(why);
        }
    }

    private void stop() {
        cancel();
        inLoop(() -> {
            over = true;
            if (alarm != null) {
                alarm.cancel(false);
            }
        });
    }

    private void startClock(Duration from) {
        limit = from;
        idleSince = System.nanoTime();
        if (alarm == null) {
            schedule(from.toNanos());
        }
    }

    // One timer a limit, not one a write: it looks when it fires how much of the wait is left.
    private void schedule(long nanos) {
        alarm = loop.schedule(this::look, nanos, TimeUnit.NANOSECONDS);
    }

    private void look() {
        alarm = null;
        if (over || (waiting == 0 && !ended)) {
            return;
        }
        long left = limit.toNanos() - (System.nanoTime() - idleSince);
        if (left > 0) {
            schedule(left);
        } else {
            fail(
                    waiting > 0
                            ? ServerSilent.notTaking(request.describe(), sent, limit)
                            : ServerSilent.notClosing(request.describe(), sent, limit));
        }
    }

    /** False if the loop has ended, and the connection with it. */
    private boolean inLoop(Runnable task) {
        try {
            loop.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }
}
