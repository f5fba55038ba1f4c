package dev.sluice.engine.serve;

import dev.sluice.engine.wire.MalformedRequest;
import dev.sluice.engine.wire.RequestDecoder;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.SignalType;
import reactor.core.publisher.Sinks;

/**
 * What arrives on one connection: a request, and what belongs to it. The socket is asked for one buffer at a time; once
 * nobody wants more, the rest is read and forgotten, as what stays unread would turn the close into a reset.
 *
 * <p>All state belongs to the event loop; demand and cancel of the body's reader are carried there.
 */
final class Inbox extends BaseSubscriber<ByteBuf> {

    private static final Logger log = LoggerFactory.getLogger(Inbox.class);

    private enum Stage {
        REQUEST,
        BODY,
        FORGET
    }

    private final Channel channel;
    private final RequestDecoder decoder = new RequestDecoder();
    private final Sinks.One<SnapshotRequest> asked = Sinks.one();

    private Stage stage = Stage.REQUEST;
    private @Nullable ByteBuf rest;
    private @Nullable CoreSubscriber<? super ByteBuf> reader;
    private long wanted;
    private boolean asking;
    private boolean halfClosed;
    private boolean over;

    Inbox(Channel channel) {
        this.channel = channel;
    }

    /** The request; empty if there is none that can be answered. */
    Mono<SnapshotRequest> request() {
        return asked.asMono();
    }

    /**
     * What follows the head of an upload, as it is asked for. Ends when the client has ended its side or the connection is
     * gone: only the content tells whether it was complete. A cancel forgets the rest. One subscriber, who releases the
     * buffers.
     */
    Flux<ByteBuf> body() {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super ByteBuf> actual) {
                onLoop(() -> {
                    if (stage != Stage.BODY || reader != null) {
                        Operators.error(actual, new IllegalStateException("there is no body to read"));
                        return;
                    }
                    reader = actual;
                    actual.onSubscribe(new Demand());
                });
            }
        };
    }

    /** Nobody wants what is left. Safe to call at any time. */
    void forget() {
        onLoop(this::drop);
    }

    /** The client sends no more, but may still read. */
    void inputEnded() {
        halfClosed = true;
        endIfEmpty();
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        pull();
    }

    @Override
    protected void hookOnNext(ByteBuf bytes) {
        asking = false;
        switch (stage) {
            case REQUEST -> decode(bytes);
            case BODY -> {
                wanted--;
                give(bytes.retain());
                feed();
            }
            case FORGET -> {}
        }
    }

    @Override
    protected void hookOnError(Throwable error) {
        log.debug("{}: {}", channel.remoteAddress(), error.toString());
    }

    @Override
    protected void hookFinally(SignalType type) {
        onLoop(this::end);
    }

    private void decode(ByteBuf bytes) {
        try {
            decoder.decode(bytes).ifPresentOrElse(request -> begin(request, bytes), this::pull);
        } catch (MalformedRequest e) {
            log.warn("{}: {}", channel.remoteAddress(), e.getMessage());
            drop();
            asked.tryEmitEmpty();
        }
    }

    private void begin(SnapshotRequest request, ByteBuf bytes) {
        if (request instanceof SnapshotRequest.ShardUpload) {
            stage = Stage.BODY;
            rest = bytes.isReadable() ? bytes.readRetainedSlice(bytes.readableBytes()) : null;
        } else {
            drop();
        }
        asked.tryEmitValue(request);
    }

    private void feed() {
        ByteBuf first = rest;
        if (stage == Stage.BODY && first != null && wanted > 0) {
            rest = null;
            wanted--;
            give(first);
        }
        if (stage == Stage.BODY && rest == null && over) {
            complete();
        } else if (stage == Stage.BODY && rest == null && wanted > 0 && !asking) {
            pull();
        }
    }

    private void give(ByteBuf bytes) {
        CoreSubscriber<? super ByteBuf> to = reader;
        if (to == null) {
            bytes.release();
        } else {
            to.onNext(bytes);
        }
    }

    private void complete() {
        CoreSubscriber<? super ByteBuf> to = reader;
        if (to != null) {
            drop();
            to.onComplete();
        }
    }

    private void pull() {
        asking = true;
        request(1);
        if (halfClosed) {
            endIfEmpty();
        }
    }

    /** In a task of its own: by then all that was read before has been handed out, if it was asked for. */
    private void endIfEmpty() {
        channel.eventLoop().execute(() -> {
            if (asking) {
                end();
            }
        });
    }

    private void end() {
        over = true;
        asked.tryEmitEmpty();
        feed();
    }

    private void drop() {
        if (stage == Stage.FORGET) {
            return;
        }
        stage = Stage.FORGET;
        reader = null;
        ByteBuf left = rest;
        if (left != null) {
            rest = null;
            left.release();
        }
        request(Long.MAX_VALUE);
    }

    private void onLoop(Runnable task) {
        if (channel.eventLoop().inEventLoop()) {
            task.run();
        } else {
            channel.eventLoop().execute(task);
        }
    }

    private final class Demand implements Subscription {
        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                onLoop(() -> {
                    wanted = Operators.addCap(wanted, n);
                    feed();
                });
            }
        }

        @Override
        public void cancel() {
            forget();
        }
    }
}
