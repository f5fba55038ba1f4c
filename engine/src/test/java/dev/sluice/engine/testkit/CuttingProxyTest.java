package dev.sluice.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.testkit.CuttingProxy.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class CuttingProxyTest {
    private static final int ANSWER = 100_000;

    private ServerSocket listener;
    private CuttingProxy proxy;

    @BeforeEach
    void serve() throws IOException {
        listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        var server = new Thread(() -> {
            while (!listener.isClosed()) {
                try (Socket client = listener.accept()) {
                    while (client.getInputStream().read() != '\n') {
                        // the request ends with its line
                    }
                    client.getOutputStream().write(new byte[ANSWER]);
                } catch (IOException e) {
                    // next
                }
            }
        });
        server.setDaemon(true);
        server.start();
        proxy = CuttingProxy.to(new ServerAddress("127.0.0.1", listener.getLocalPort()));
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        listener.close();
    }

    @Test
    void passesEverythingWhereNoRuleMatches() throws IOException {
        assertThat(received(0, 4)).isEqualTo(ANSWER);
    }

    @Test
    void closesAfterExactlySoManyBytesOfTheConnectionItWasToldOf() throws IOException {
        proxy.when(CuttingProxy.connection(2), Fault.close(77_777));

        assertThat(received(1, 0)).isEqualTo(ANSWER);
        assertThat(received(1, 0)).isEqualTo(77_777);
        assertThat(received(1, 0)).isEqualTo(ANSWER);
    }

    @Test
    void tellsShardsAndAttemptsApart() throws IOException {
        proxy.when(CuttingProxy.shard(4).and(CuttingProxy.attempt(2)), Fault.close(10));

        assertThat(received(0, 4)).isEqualTo(ANSWER);
        assertThat(received(0, 5)).isEqualTo(ANSWER);
        assertThat(received(0, 4)).isEqualTo(10);
        assertThat(received(0, 4)).isEqualTo(ANSWER);
        assertThat(proxy.conversations()).extracting(c -> c.attempt()).containsExactly(1, 1, 2, 3);
    }

    @Test
    void resetsAfterExactlySoManyBytes() throws IOException {
        proxy.when(CuttingProxy.always(), Fault.reset(50_000).withSegment(1_000));

        try (Socket client = asked(0, 1)) {
            InputStream in = client.getInputStream();
            assertThat(in.readNBytes(50_000)).hasSize(50_000);
            assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("reset");
        }
    }

    @Test
    void stallsUntilTheClientGoes() throws Exception {
        proxy.when(CuttingProxy.always(), Fault.stall(1_234));

        try (Socket client = asked(0, 1)) {
            assertThat(client.getInputStream().readNBytes(1_234)).hasSize(1_234);
            client.setSoTimeout(100);
            assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("timed out");
        }
        var conversation = proxy.conversations().get(0);
        assertThat(conversation.awaitClientGone(Duration.ofSeconds(5))).isTrue();
        assertThat(conversation.bytesToClient()).isEqualTo(1_234);
    }

    @Test
    void passesNoFasterThanTold() throws IOException {
        proxy.when(CuttingProxy.always(), Fault.NONE.withBytesPerSecond(200_000));

        long start = System.nanoTime();
        assertThat(received(0, 1)).isEqualTo(ANSWER);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(400));
    }

    private int received(int type, long shard) throws IOException {
        try (Socket client = asked(type, shard)) {
            return client.getInputStream().readAllBytes().length;
        }
    }

    private Socket asked(int type, long shard) throws IOException {
        var client =
                new Socket(InetAddress.getLoopbackAddress(), proxy.address().port());
        client.getOutputStream().write(new byte[] {3, (byte) type});
        client.getOutputStream().write(("{\"ShardID\":" + shard + "}\n").getBytes(StandardCharsets.UTF_8));
        return client;
    }
}
