package dev.sluice.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.ServerSilent;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import dev.sluice.engine.testkit.TestThreads;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class SnapshotTransportTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Timeouts GENEROUS = new Timeouts(PATIENCE, PATIENCE, PATIENCE);
    private static final SnapshotRequest REQUEST = new SnapshotRequest.MetastoreBackup();
    private static final SnapshotRequest SHARD =
            new SnapshotRequest.ShardBackup(7, SnapshotRequest.ShardBackup.ALL, "telemetry", "autogen");

    private final byte[] answer = new byte[3_000_000];

    SnapshotTransportTest() {
        new Random(7).nextBytes(answer);
    }

    // The tail that TcpClient.handle would lose: the server has closed long before the consumer is through.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void deliversTheTailToAConsumerThatIsSlowerThanTheServersClose(boolean nativeTransport) {
        try (var server = ScriptedServer.inOrder(Script.answer(answer))) {
            SnapshotTransport transport =
                    SnapshotTransport.to(server.address(), GENEROUS, TestThreads.LOOPS, nativeTransport);

            var received = transport
                    .exchange(REQUEST)
                    .delayElements(Duration.ofMillis(2))
                    .map(SnapshotTransportTest::taken)
                    .reduce(new java.io.ByteArrayOutputStream(), (all, part) -> {
                        all.writeBytes(part);
                        return all;
                    })
                    .block(PATIENCE);

            assertThat(received).isNotNull();
            assertThat(received.toByteArray()).isEqualTo(answer);
        }
    }

    @Test
    void sendsTheRequestAsOneConversationPerSubscription() {
        try (var server = ScriptedServer.inOrder(Script.answer(answer), Script.answer(answer))) {
            Flux<Integer> sizes = transport(server, GENEROUS).exchange(REQUEST).map(bytes -> taken(bytes).length);

            for (int i = 0; i < 2; i++) {
                assertThat(sizes.reduce(0, Integer::sum).block(PATIENCE)).isEqualTo(answer.length);
            }

            assertThat(server.requests()).hasSize(2).allMatch(r -> r.mux() == 3 && r.type() == 1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void stopsTheServerWhileNothingIsAskedFor(boolean nativeTransport) {
        try (var server = ScriptedServer.inOrder(Script.flood(answer))) {
            Timeouts hasty = new Timeouts(PATIENCE, PATIENCE, Duration.ofMillis(300));
            SnapshotTransport transport =
                    SnapshotTransport.to(server.address(), hasty, TestThreads.LOOPS, nativeTransport);

            StepVerifier.create(transport.exchange(REQUEST).map(bytes -> taken(bytes).length), 1)
                    .expectNextCount(1)
                    // Longer than the idle limit: without demand no clock runs.
                    .then(() -> {
                        long taken = standstill(server, Duration.ofMillis(900));
                        // Both sockets' buffers and what one burst of reads takes; the flood has no end.
                        assertThat(taken).isLessThan(12_000_000);
                    })
                    .thenRequest(50)
                    .expectNextCount(50)
                    .thenCancel()
                    .verify(PATIENCE);

            server.awaitConversation(0).assertClientGone();
        }
    }

    @Test
    void closesTheConversationAtOnceWhenCancelled() {
        try (var server = ScriptedServer.inOrder(Script.hangAfter(answer, 1000))) {
            StepVerifier.create(transport(server, GENEROUS).exchange(REQUEST).map(SnapshotTransportTest::taken))
                    .expectNextCount(1)
                    .thenCancel()
                    .verify(PATIENCE);

            server.awaitConversation(0).assertClientGone();
        }
    }

    @Test
    void givesTheFirstByteOfAShardItsOwnLimit() {
        try (var server = ScriptedServer.inOrder(Script.hang())) {
            Timeouts timeouts = new Timeouts(PATIENCE, Duration.ofMillis(400), Duration.ofMillis(1));

            transport(server, timeouts)
                    .exchange(SHARD)
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(ServerSilent.class)
                            .hasMessageContaining("shard telemetry/autogen/7")
                            .hasMessageContaining("within 400 ms")
                            .hasMessageContaining("after 0 bytes"))
                    .verify(PATIENCE);
        }
    }

    /** A server that is stopped, or a port of something else, is found out before the long limit of a shard. */
    @Test
    void doesNotWaitForTheMetastoreAsLongAsForAShard() {
        try (var server = ScriptedServer.inOrder(Script.hang())) {
            Timeouts timeouts = new Timeouts(PATIENCE, PATIENCE.multipliedBy(100), Duration.ofMillis(400));

            transport(server, timeouts)
                    .exchange(REQUEST)
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(ServerSilent.class)
                            .hasMessageContaining("the metastore")
                            .hasMessageContaining("within 400 ms"))
                    .verify(PATIENCE);
        }
    }

    @Test
    void tellsAServerThatFallsSilentFromOneThatIsSlow() {
        try (var server = ScriptedServer.inOrder(Script.hangAfter(answer, 5_000))) {
            Timeouts timeouts = new Timeouts(PATIENCE, PATIENCE, Duration.ofMillis(300));

            transport(server, timeouts)
                    .exchange(REQUEST)
                    .map(bytes -> taken(bytes).length)
                    .as(StepVerifier::create)
                    .thenConsumeWhile(length -> true)
                    .expectErrorSatisfies(e -> {
                        assertThat(e).isInstanceOf(ServerSilent.class);
                        assertThat(((ServerSilent) e).received()).isEqualTo(5_000);
                    })
                    .verify(PATIENCE);
        }
    }

    @Test
    void waitsForAServerThatIsSlowButAlive() {
        byte[] some = Arrays.copyOf(answer, 6_000);
        try (var server = ScriptedServer.inOrder(Script.slowly(some, 1_000, Duration.ofMillis(100)))) {
            Timeouts timeouts = new Timeouts(PATIENCE, PATIENCE, Duration.ofMillis(2_000));

            transport(server, timeouts)
                    .exchange(REQUEST)
                    .map(bytes -> taken(bytes).length)
                    .reduce(0, Integer::sum)
                    .as(StepVerifier::create)
                    .expectNext(6_000)
                    .expectComplete()
                    .verify(PATIENCE);
        }
    }

    @Test
    void tellsAResetWithTheBytesUntilThen() {
        try (var server = ScriptedServer.inOrder(conversation -> {
            conversation.request();
            conversation.send(new byte[2_000]);
            // Reset only after the client has the bytes: a reset drops what is still under way.
            TimeUnit.MILLISECONDS.sleep(300);
            conversation.reset();
        })) {
            transport(server, GENEROUS)
                    .exchange(REQUEST)
                    .map(bytes -> taken(bytes).length)
                    .as(StepVerifier::create)
                    .thenConsumeWhile(length -> true)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(ConnectionLost.class)
                            .hasMessageContaining("the metastore")
                            .hasMessageContaining("after 2000 bytes"))
                    .verify(PATIENCE);
        }
    }

    @Test
    void namesTheAddressWhereNobodyListens() throws IOException {
        ServerAddress nobody;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = new ServerAddress("127.0.0.1", socket.getLocalPort());
        }

        SnapshotTransport.to(nobody, GENEROUS, TestThreads.LOOPS)
                .exchange(REQUEST)
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(ConnectionFailed.class)
                        .hasMessage("cannot connect to %s: Connection refused", nobody))
                .verify(PATIENCE);
    }

    @Test
    void namesAHostThatDoesNotExist() {
        SnapshotTransport.to(new ServerAddress("no-such-host.invalid", 8088), GENEROUS, TestThreads.LOOPS)
                .exchange(REQUEST)
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> {
                    assertThat(e)
                            .isInstanceOf(ConnectionFailed.class)
                            .hasMessageContaining("no-such-host.invalid:8088: its name leads to no address (");
                    assertThat(((ConnectionFailed) e).hint()).contains("spelled right");
                })
                .verify(PATIENCE);
    }

    @Test
    void completesEmptyWhenTheServerSaysNothing() {
        try (var server = ScriptedServer.inOrder(Script.nothing())) {
            transport(server, GENEROUS)
                    .exchange(REQUEST)
                    .as(StepVerifier::create)
                    .expectComplete()
                    .verify(PATIENCE);
        }
    }

    @Test
    void decodesAWholeAnswerAndFreesIt() {
        try (var server = ScriptedServer.inOrder(Script.answer(Arrays.copyOf(answer, 200_000)))) {
            transport(server, GENEROUS)
                    .exchangeWhole(REQUEST, 1_000_000, ByteBuf::readableBytes)
                    .as(StepVerifier::create)
                    .expectNext(200_000)
                    .expectComplete()
                    .verify(PATIENCE);
        }
    }

    @Test
    void refusesAnAnswerWithoutEnd() {
        try (var server = ScriptedServer.inOrder(Script.flood(answer))) {
            transport(server, GENEROUS)
                    .exchangeWhole(REQUEST, 1_000_000, ByteBuf::readableBytes)
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(MalformedResponse.class)
                            .hasMessageContaining("longer than 1000000 bytes"))
                    .verify(PATIENCE);

            server.awaitConversation(0).assertClientGone();
        }
    }

    private static SnapshotTransport transport(ScriptedServer server, Timeouts timeouts) {
        return SnapshotTransport.to(server.address(), timeouts, TestThreads.LOOPS);
    }

    private static long standstill(ScriptedServer server, Duration quiet) {
        try {
            return server.awaitConversation(0).awaitStandstill(quiet);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] taken(ByteBuf bytes) {
        byte[] copy = new byte[bytes.readableBytes()];
        bytes.readBytes(copy).release();
        return copy;
    }
}
