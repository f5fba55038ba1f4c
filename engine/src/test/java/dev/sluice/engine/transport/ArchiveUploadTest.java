package dev.sluice.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.ServerSilent;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.CuttingProxy;
import dev.sluice.engine.testkit.CuttingProxy.Fault;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Conversation;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import dev.sluice.engine.testkit.TestThreads;
import dev.sluice.engine.wire.SnapshotRequest.ShardUpload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class ArchiveUploadTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Timeouts GENEROUS = new Timeouts(PATIENCE, PATIENCE, PATIENCE);
    private static final ShardUpload REQUEST = new ShardUpload(77);
    private static final byte[] TAR = Answers.shard(new ShardRef("db", "rp", 77), 5, 3, 700_000);

    /** Every buffer that was handed out; all of them must be free in the end. */
    private final Queue<ByteBuf> buffers = new ConcurrentLinkedQueue<>();

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void sendsRequestAndArchiveAndWaitsForTheServersClose(boolean nativeTransport) throws Exception {
        var received = new CompletableFuture<byte[]>();
        var closing = new CompletableFuture<Void>();
        var sent = new AtomicLong();
        try (var server = ScriptedServer.inOrder(conversation -> {
            received.complete(conversation.receiveArchive());
            closing.join();
        })) {
            StepVerifier.create(SnapshotTransport.to(server.address(), GENEROUS, TestThreads.LOOPS, nativeTransport)
                            .upload(REQUEST, pieces(TAR, 50_000), sent::addAndGet))
                    .expectSubscription()
                    .then(() -> {
                        assertThat(received.orTimeout(20, TimeUnit.SECONDS).join())
                                .isEqualTo(TAR);
                        assertThat(sent)
                                .as("the last listener may be on its way")
                                .hasValueGreaterThan(0);
                    })
                    .expectNoEvent(Duration.ofMillis(100))
                    .then(() -> closing.complete(null))
                    .expectComplete()
                    .verify(PATIENCE);

            assertThat(server.requests())
                    .singleElement()
                    .satisfies(request -> assertThat(request.hex()).isEqualTo("0307000000000000004d"));
            assertThat(sent).hasValue(TAR.length);
        }
        assertAllReleased();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void asksForNoMoreThanTheSocketTakes(boolean nativeTransport) {
        var asked = new AtomicLong();
        var goOn = new CompletableFuture<Void>();
        byte[] piece = new byte[32 * 1024];
        // Longer than the idle limit would allow, were it counted against the archive's side.
        try (var server = ScriptedServer.inOrder(conversation -> {
            conversation.request();
            goOn.join();
            conversation.receive(64 * 1024 * 1024);
        })) {
            Flux<ByteBuf> endless = Flux.<ByteBuf>generate(sink -> {
                        asked.addAndGet(piece.length);
                        sink.next(buffer(piece));
                    })
                    .take(64 * 1024 * 1024 / piece.length);
            var result = SnapshotTransport.to(server.address(), GENEROUS, TestThreads.LOOPS, nativeTransport)
                    .upload(REQUEST, endless, n -> {})
                    .toFuture();

            long standstill = standstill(asked);
            // What both sockets hold, the window, and one buffer; the server reads nothing.
            assertThat(standstill).isLessThan(16_000_000);
            goOn.complete(null);

            assertThat(result.orTimeout(20, TimeUnit.SECONDS)).succeedsWithin(PATIENCE);
            assertThat(asked).hasValue(64 * 1024 * 1024);
        }
        assertAllReleased();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void endsWithAResetWhenTheArchiveFails(boolean nativeTransport) {
        var reset = new CompletableFuture<Boolean>();
        var failure = new IllegalStateException("damaged in the middle");
        try (var server = ScriptedServer.inOrder(conversation -> reset.complete(conversation.awaitReset()))) {
            SnapshotTransport.to(server.address(), GENEROUS, TestThreads.LOOPS, nativeTransport)
                    .upload(REQUEST, Flux.concat(pieces(TAR, 1_000).take(300), Flux.error(failure)), n -> {})
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e).isSameAs(failure))
                    .verify(PATIENCE);

            assertThat(reset).succeedsWithin(PATIENCE).isEqualTo(true);
        }
        assertAllReleased();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void endsWithAResetWhenCancelledAndEvenAtAnEntrysBorder(boolean nativeTransport) {
        var received = new CompletableFuture<Void>();
        var reset = new CompletableFuture<Boolean>();
        byte[] oneEntry = Arrays.copyOf(TAR, 512 + (700_000 + 511) / 512 * 512);
        try (var server = ScriptedServer.inOrder(conversation -> {
            conversation.receive(oneEntry.length);
            received.complete(null);
            reset.complete(conversation.awaitReset());
        })) {
            var upload = SnapshotTransport.to(server.address(), GENEROUS, TestThreads.LOOPS, nativeTransport)
                    .upload(REQUEST, pieces(oneEntry, 9_000).concatWith(Flux.never()), n -> {})
                    .subscribe();
            received.orTimeout(20, TimeUnit.SECONDS).join();
            upload.dispose();

            assertThat(reset).succeedsWithin(PATIENCE).isEqualTo(true);
        }
        assertAllReleased();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCloseBeforeTheEndIsAFailure(boolean nativeTransport) {
        try (var server = ScriptedServer.inOrder(conversation -> conversation.receive(100_000))) {
            failure(server, nativeTransport, GENEROUS, slowly(TAR, 100_000, 30))
                    .satisfies(e -> assertThat(e)
                            .isInstanceOf(ConnectionLost.class)
                            .hasMessageContaining("upload of shard 77"));
        }
        assertAllReleased();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCloseWithoutReadingIsAFailureHoweverSmallTheArchive(boolean nativeTransport) {
        for (int i = 0; i < 50; i++) {
            try (var server = ScriptedServer.inOrder(Conversation::request)) {
                failure(server, nativeTransport, GENEROUS, pieces(new byte[1024], 1024))
                        .isInstanceOf(ConnectionLost.class);
            }
        }
        assertAllReleased();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aResetAfterTheLastByteIsAFailure(boolean nativeTransport) {
        try (var server = ScriptedServer.inOrder(conversation -> {
            conversation.receiveArchive();
            conversation.reset();
        })) {
            failure(server, nativeTransport, GENEROUS, pieces(TAR, 60_000))
                    .satisfies(e -> assertThat(e)
                            .isInstanceOf(ConnectionLost.class)
                            .hasMessageContaining("after %d bytes", TAR.length));
        }
        assertAllReleased();
    }

    @Test
    void paddingBehindTheEndMarkerMakesTheServersCloseAReset() {
        try (var server = ScriptedServer.inOrder(Conversation::receiveArchive)) {
            failure(server, true, GENEROUS, pieces(Arrays.copyOf(TAR, TAR.length + 8_192), 60_000))
                    .isInstanceOf(ConnectionLost.class);
        }
        assertAllReleased();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tellsAServerThatStopsReading(boolean nativeTransport) {
        Timeouts hasty = new Timeouts(PATIENCE, PATIENCE, Duration.ofMillis(400));
        try (var server = ScriptedServer.inOrder(conversation -> {
            conversation.receive(10_000);
            Thread.sleep(PATIENCE.toMillis());
        })) {
            failure(server, nativeTransport, hasty, pieces(new byte[64 << 20], 60_000))
                    .satisfies(e -> assertThat(e)
                            .isInstanceOf(ServerSilent.class)
                            .hasMessageContaining("took no data")
                            .hasMessageContaining("400 ms"));
        }
        assertAllReleased();
    }

    @Test
    void tellsAServerThatDoesNotClose() {
        Timeouts hasty = new Timeouts(PATIENCE, Duration.ofMillis(400), Duration.ofMillis(300));
        try (var server = ScriptedServer.inOrder(conversation -> {
            conversation.receiveArchive();
            conversation.awaitReset();
        })) {
            failure(server, true, hasty, pieces(TAR, 60_000))
                    .satisfies(e -> assertThat(e)
                            .isInstanceOf(ServerSilent.class)
                            .hasMessageContaining("did not end the upload of shard 77")
                            .hasMessageContaining("of %d bytes", TAR.length));
            server.awaitConversation(0).assertClientGone();
        }
        assertAllReleased();
    }

    @Test
    void noClockRunsWhileTheArchiveIsSlow() {
        Timeouts hasty = new Timeouts(PATIENCE, Duration.ofMillis(2_000), Duration.ofMillis(150));
        try (var server = ScriptedServer.inOrder(Conversation::receiveArchive)) {
            SnapshotTransport.to(server.address(), hasty, TestThreads.LOOPS)
                    .upload(REQUEST, slowly(TAR, 700_000, 500), n -> {})
                    .as(StepVerifier::create)
                    .expectComplete()
                    .verify(PATIENCE);
        }
        assertAllReleased();
    }

    @Test
    void bytesFromTheServerAreNoAnswer() {
        try (var server = ScriptedServer.inOrder(Script.http())) {
            failure(server, true, GENEROUS, slowly(TAR, 10_000, 50)).isInstanceOf(MalformedResponse.class);
        }
        assertAllReleased();
    }

    @Test
    void aProxyThatResetsIsAFailure() throws IOException {
        try (var server = ScriptedServer.inOrder(Conversation::receiveArchive);
                var proxy = CuttingProxy.to(server.address()).when(CuttingProxy.always(), Fault.reset(0))) {
            SnapshotTransport.to(proxy.address(), GENEROUS, TestThreads.LOOPS)
                    .upload(REQUEST, pieces(TAR, 60_000), n -> {})
                    .as(StepVerifier::create)
                    .expectError(ConnectionLost.class)
                    .verify(PATIENCE);
        }
        assertAllReleased();
    }

    @Test
    void touchesNoArchiveWhereNobodyListens() {
        SnapshotTransport.to(new ServerAddress("127.0.0.1", 1), GENEROUS, TestThreads.LOOPS)
                .upload(REQUEST, Flux.error(new AssertionError("subscribed")), n -> {})
                .as(StepVerifier::create)
                .expectError(ConnectionFailed.class)
                .verify(PATIENCE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void freesEverythingWheneverItIsCancelled(boolean nativeTransport) {
        var random = new Random(11);
        for (int round = 0; round < 60; round++) {
            long stop = random.nextInt(TAR.length);
            boolean otherThread = random.nextBoolean();
            try (var server = ScriptedServer.inOrder(Conversation::receiveArchive)) {
                Flux<ByteBuf> archive = pieces(TAR, 1 + random.nextInt(90_000));
                var sent = new AtomicLong();
                Mono<Void> upload = SnapshotTransport.to(server.address(), GENEROUS, TestThreads.LOOPS, nativeTransport)
                        .upload(
                                REQUEST,
                                otherThread ? archive.subscribeOn(Schedulers.parallel()) : archive,
                                sent::addAndGet);
                var running = upload.onErrorComplete().subscribe();
                while (sent.get() < stop && !running.isDisposed()) {
                    Thread.onSpinWait();
                }
                running.dispose();
                server.awaitConversation(0).awaitEnd();
            }
        }
        assertAllReleased();
    }

    private AbstractThrowableAssert<?, ? extends Throwable> failure(
            ScriptedServer server, boolean nativeTransport, Timeouts timeouts, Flux<ByteBuf> archive) {
        return assertThatThrownBy(
                () -> SnapshotTransport.to(server.address(), timeouts, TestThreads.LOOPS, nativeTransport)
                        .upload(REQUEST, archive, n -> {})
                        .block(PATIENCE));
    }

    private Flux<ByteBuf> pieces(byte[] bytes, int size) {
        return pieces(bytes, size, Flux.range(0, (bytes.length + size - 1) / size));
    }

    private Flux<ByteBuf> slowly(byte[] bytes, int size, int millis) {
        return pieces(
                bytes, size, Flux.range(0, (bytes.length + size - 1) / size).delayElements(Duration.ofMillis(millis)));
    }

    private Flux<ByteBuf> pieces(byte[] bytes, int size, Flux<Integer> numbers) {
        return numbers.map(i -> buffer(Arrays.copyOfRange(bytes, i * size, Math.min(bytes.length, (i + 1) * size))))
                .doOnDiscard(ByteBuf.class, ByteBuf::release);
    }

    private ByteBuf buffer(byte[] bytes) {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer(bytes.length).writeBytes(bytes);
        buffers.add(buffer);
        return buffer;
    }

    private void assertAllReleased() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (buffers.stream().anyMatch(buffer -> buffer.refCnt() > 0) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(buffers).allMatch(buffer -> buffer.refCnt() == 0);
    }

    private static long standstill(AtomicLong count) {
        try {
            long before = -1;
            while (before != count.get()) {
                before = count.get();
                Thread.sleep(500);
            }
            return before;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
