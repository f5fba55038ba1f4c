package dev.sluice.engine.serve;

import dev.sluice.engine.format.OpenFile;
import dev.sluice.engine.tar.TarHeaders;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.FutureMono;

/**
 * One connection: a request, its answer, the close. The close is a FIN only if the answer was complete or there is
 * none; an answer that was begun and not ended goes down with a reset, whatever the reason.
 */
final class Conversation {

    private static final Logger log = LoggerFactory.getLogger(Conversation.class);
    private static final int BLOCK = 512;
    private static final ByteBuf ZEROS = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[2 * BLOCK]));

    private final Channel channel;
    private final Connection connection;
    private final Inbox inbox;

    Conversation(Connection connection) {
        this.connection = connection;
        this.channel = connection.channel();
        this.inbox = new Inbox(channel);
    }

    /**
     * The request; empty if there is none that can be answered. What follows it is read on and forgotten, unless it is the
     * {@link #body()} of an upload.
     */
    Mono<SnapshotRequest> request() {
        return Mono.defer(() -> {
            connection.addHandlerFirst(new ChannelInboundHandlerAdapter() {
                @Override
                public void userEventTriggered(ChannelHandlerContext context, Object event) {
                    if (event instanceof ChannelInputShutdownEvent) {
                        inbox.inputEnded();
                    }
                    context.fireUserEventTriggered(event);
                }
            });
            connection.inbound().receive().subscribe(inbox);
            return inbox.request();
        });
    }

    /** What follows the head of an upload, read from the socket as it is asked for; see {@link Inbox#body()}. */
    Flux<ByteBuf> body() {
        return inbox.body();
    }

    /** Frees what was read and is wanted by nobody. */
    void end() {
        inbox.forget();
    }

    /** Makes an answer of its parts; from here on a close without {@link #complete()} is a reset. */
    Mono<Void> answer(Flux<Mono<Void>> parts) {
        return parts.concatMap(part -> part, 1).doOnSubscribe(s -> linger(0)).then(Mono.fromRunnable(this::complete));
    }

    private void complete() {
        linger(-1);
    }

    private void linger(int seconds) {
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, seconds);
        } catch (ChannelException e) {
            log.debug("{} is closed already", channel, e);
        }
    }

    /** Sends bytes; ends when the kernel has them. The buffer is taken over. */
    Mono<Void> send(ByteBuf bytes) {
        return FutureMono.from(channel.writeAndFlush(bytes));
    }

    /**
     * Sends a file as an entry of an archive; ends when the kernel has all of it. The file is taken over, and closed
     * however this ends. Fails if the file has become shorter than it was when it was opened.
     */
    Mono<Void> send(OpenFile file) {
        ByteBuf header;
        try {
            header = TarHeaders.encode(channel.alloc(), file.entry(), file.size(), file.modified(), file.mode());
        } catch (RuntimeException e) {
            file.close();
            return Mono.error(e);
        }
        var unused = channel.write(header); // where this fails, the next write fails too
        int padding = (int) (-file.size() & (BLOCK - 1));
        if (file.size() == 0) {
            file.close();
            return FutureMono.from(channel.writeAndFlush(Unpooled.EMPTY_BUFFER));
        }
        var sent = channel.writeAndFlush(new DefaultFileRegion(file.channel(), 0, file.size()));
        return padding == 0 ? FutureMono.from(sent) : FutureMono.from(sent).then(send(zeros(padding)));
    }

    /** What ends an archive. */
    Mono<Void> sendEnd() {
        return send(zeros(2 * BLOCK));
    }

    private static ByteBuf zeros(int count) {
        return ZEROS.slice(0, count);
    }

    /** For logs. */
    @Override
    public String toString() {
        return String.valueOf(channel.remoteAddress());
    }
}
