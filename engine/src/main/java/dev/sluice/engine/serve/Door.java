package dev.sluice.engine.serve;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where clients come in. About as many as are allowed are inside at a time; the others wait in the system's queue, which
 * makes them wait as backpressure does, and refuses nobody. Who is inside may be as slow as it likes, as it may be a pipe
 * that somebody has paused; but one that is gone without a word is noticed within two minutes, by the system's probes, and
 * not after two hours.
 */
final class Door {

    private static final int SILENT_SECONDS = 60;
    private static final int BETWEEN_PROBES_SECONDS = 15;
    private static final int PROBES = 4;

    private static final Logger log = LoggerFactory.getLogger(Door.class);

    private final int most;
    private final AtomicInteger inside = new AtomicInteger();

    Door(int most) {
        this.most = most;
    }

    /** Counts a connection until it is closed. */
    void entered(Channel connection) {
        probe(connection);
        inside.incrementAndGet();
        openOrShut(connection.parent());
        connection.closeFuture().addListener(closed -> {
            inside.decrementAndGet();
            openOrShut(connection.parent());
        });
    }

    /** On the listening channel's own loop: whoever comes last there sees the last count. */
    private void openOrShut(Channel listening) {
        if (!listening.isOpen()) {
            return; // it stops, and its loop may be gone already
        }
        listening.eventLoop().execute(() -> listening.config().setAutoRead(inside.get() < most));
    }

    private static void probe(Channel connection) {
        try {
            connection.config().setOption(ChannelOption.SO_KEEPALIVE, true);
            if (connection instanceof EpollSocketChannel) {
                probe(
                        connection,
                        EpollChannelOption.TCP_KEEPIDLE,
                        EpollChannelOption.TCP_KEEPINTVL,
                        EpollChannelOption.TCP_KEEPCNT);
            } else if (connection instanceof NioSocketChannel) {
                probe(
                        connection,
                        NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE),
                        NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL),
                        NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT));
            }
        } catch (ChannelException e) {
            log.debug("{} is closed already", connection, e);
        }
    }

    /** Without effect where the system has no such options. */
    private static void probe(
            Channel connection,
            ChannelOption<Integer> idle,
            ChannelOption<Integer> interval,
            ChannelOption<Integer> count) {
        connection.config().setOption(idle, SILENT_SECONDS);
        connection.config().setOption(interval, BETWEEN_PROBES_SECONDS);
        connection.config().setOption(count, PROBES);
    }
}
