package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.copy.Copy;
import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.source.LiveServer;
import dev.sluice.engine.source.LiveSource;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.MemoryStore;
import dev.sluice.engine.store.Reservation;
import dev.sluice.engine.store.Store;
import dev.sluice.engine.store.StoreEntry;
import dev.sluice.engine.store.StoredFile;
import dev.sluice.engine.target.PortableTarget;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import dev.sluice.engine.transport.SnapshotTransport;
import io.netty.buffer.ByteBuf;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;
import reactor.test.StepVerifier;

/** A disk that takes nothing stops the server's sending: what is in flight is bounded, whatever the size of the shard. */
class SlowDiskTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 1);
    private static final byte[] TAR = Answers.shard(SHARD, 1, 2, 24 << 20);

    private static final long BUDGET = 4 << 20;

    /** What the kernel holds for a connection on loopback: 64 KiB to send, and up to 6 MiB to receive. */
    private static final long SOCKETS = 8 << 20;

    private final LoopResources loops = LoopResources.create("slow-disk-test", 1, true);

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip:0", "zstd:1"})
    void stopsTheServerInsteadOfFillingMemory(String compression) throws InterruptedException {
        Compression codec = Compression.parse(compression);
        Sinks.Empty<Void> gate = Sinks.empty();
        MemoryStore memory = new MemoryStore();
        // Silence is measured only while we want to read: this limit is shorter than the disk stands still.
        Timeouts timeouts = new Timeouts(PATIENCE, PATIENCE, Duration.ofMillis(300));
        try (var server = ScriptedServer.byRequest(SlowDiskTest::answer);
                var line = SlabLine.open(codec, BUDGET, Schedulers.parallel(), 2)) {
            var source = new LiveSource(
                    new LiveServer(SnapshotTransport.to(server.address(), timeouts, loops), 0), Clock.systemUTC());
            var target = new PortableTarget(
                    Mono.just(new SlowStore(memory, gate.asMono())),
                    "slow",
                    line,
                    Digest.Algorithm.CRC32C,
                    Selection.EVERYTHING,
                    Clock.systemUTC());
            var options = new CopyOptions(
                    Task.BACKUP, List.of(), 4, 0, OptionalLong.empty(), false, codec, Duration.ofMillis(50));

            new Copy(source, target, options, Schedulers.parallel())
                    .run(Selection.EVERYTHING)
                    .filter(event -> event instanceof Event.Finished)
                    .as(StepVerifier::create)
                    .then(() -> assertThat(standstill(server)).isLessThan(BUDGET + SOCKETS))
                    .then(gate::tryEmitEmpty)
                    .expectNextCount(1)
                    .expectComplete()
                    .verify(PATIENCE);

            assertThat(line.pool().outstanding()).isZero();
        } finally {
            loops.disposeLater(Duration.ZERO, PATIENCE).block(PATIENCE);
        }
    }

    private static long standstill(ScriptedServer server) {
        try {
            // The metastore and the list of paths come first.
            return server.awaitConversation(2).awaitStandstill(Duration.ofMillis(700));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Script answer(ScriptedServer.Request request) {
        return switch (request.type()) {
            case 1 -> Script.answer(Answers.metastore(Answers.metadata(SHARD)));
            case 0 -> Script.answer(TAR);
            default -> Script.answer(Answers.pathList(SHARD));
        };
    }

    /** Takes one buffer of a file, and the others only when the gate has opened. */
    private record SlowStore(Store store, Mono<Void> gate) implements Store {

        @Override
        public Mono<StoredFile> put(String name, Flux<ByteBuf> bytes, Digest.Algorithm algorithm) {
            return store.put(name, bytes.concatMap(buffer -> gate.then(Mono.just(buffer)), 0), algorithm);
        }

        @Override
        public String describe() {
            return store.describe();
        }

        @Override
        public String describe(String name) {
            return store.describe(name);
        }

        @Override
        public Mono<Reservation> reserve(String name) {
            return store.reserve(name);
        }

        @Override
        public Flux<ByteBuf> get(String name) {
            return store.get(name);
        }

        @Override
        public Flux<StoreEntry> list() {
            return store.list();
        }

        @Override
        public Mono<Boolean> exists(String name) {
            return store.exists(name);
        }

        @Override
        public Mono<Boolean> delete(String name) {
            return store.delete(name);
        }
    }
}
