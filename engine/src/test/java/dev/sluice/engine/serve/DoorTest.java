package dev.sluice.engine.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.testkit.TestThreads;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.netty.DisposableServer;
import reactor.netty.tcp.TcpServer;

@Timeout(30)
class DoorTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final BlockingQueue<Channel> entered = new LinkedBlockingQueue<>();

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shutsBehindTheLastAndOpensWhenOneLeaves(boolean nativeTransport) throws Exception {
        DisposableServer server = serve(new Door(2), nativeTransport);
        List<Socket> clients = new ArrayList<>();
        try {
            clients.add(connect(server));
            assertThat(entered.poll(10, TimeUnit.SECONDS)).isNotNull();
            assertThat(server.channel().config().isAutoRead()).isTrue();
            clients.add(connect(server));
            assertThat(entered.poll(10, TimeUnit.SECONDS)).isNotNull();
            awaitOpen(server, false);
            clients.add(connect(server));
            assertThat(entered.poll(200, TimeUnit.MILLISECONDS))
                    .as("waits outside")
                    .isNull();

            clients.get(0).close();

            assertThat(entered.poll(10, TimeUnit.SECONDS)).isNotNull();
            awaitOpen(server, false);
            for (Socket client : clients) {
                client.close();
            }
            awaitOpen(server, true);
        } finally {
            server.disposeNow(PATIENCE);
        }
    }

    /** Without the probes a client that lost its power would be waited for two hours, with a half upload. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void hasTheSystemAskAfterClientsThatAreSilent(boolean nativeTransport) throws Exception {
        DisposableServer server = serve(new Door(2), nativeTransport);
        try (Socket client = connect(server)) {
            Channel channel = Objects.requireNonNull(entered.poll(10, TimeUnit.SECONDS));
            assertThat(client.isConnected()).isTrue();
            assertThat(channel.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
            assertThat(channel.config()
                            .getOption(
                                    channel instanceof EpollSocketChannel
                                            ? EpollChannelOption.TCP_KEEPIDLE
                                            : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE)))
                    .isEqualTo(60);
        } finally {
            server.disposeNow(PATIENCE);
        }
    }

    private DisposableServer serve(Door door, boolean nativeTransport) {
        return TcpServer.create()
                .runOn(TestThreads.LOOPS, nativeTransport)
                .host("127.0.0.1")
                .port(0)
                .doOnConnection(connection -> {
                    door.entered(connection.channel());
                    connection.inbound().receive().subscribe(); // or NIO does not see that a client leaves
                    entered.add(connection.channel());
                })
                .bindNow(PATIENCE);
    }

    private static Socket connect(DisposableServer server) throws Exception {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }

    private static void awaitOpen(DisposableServer server, boolean open) throws InterruptedException {
        while (server.channel().config().isAutoRead() != open) {
            Thread.sleep(5);
        }
    }
}
