package dev.sluice.engine.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.flow.Crossing;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.RandomCancel;
import dev.sluice.engine.tsm.CheckDepth;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** The check where it runs in a copy: behind a crossing to threads that may burn processor time. */
class BlockCheckTest {

    private static final ShardRef SHARD = new ShardRef("db", "rp", 1);
    private static final int PIECE = 512;
    private static final Path FILES = Path.of("src/test/resources/fixtures/tsm/data/fx_mixed/autogen/8");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scheduler workers = Schedulers.newParallel("workers", 2);
    private final Queue<Notice> told = new ConcurrentLinkedQueue<>();
    private final Set<String> threads = ConcurrentHashMap.newKeySet();

    @AfterEach
    void close() {
        workers.dispose();
    }

    @Test
    void tellsOfDamageBeforeTheShardEndsAndLeavesTheThreadThatBringsIt() throws IOException {
        Map<String, byte[]> files = files();
        files.computeIfPresent("000000001-000000001.tsm", (name, file) -> {
            file[6] ^= 1; // of the first checksum
            return file;
        });

        MemoryShards.chunks(Answers.shard(SHARD, files))
                .transform(TarReader.parts(SHARD))
                .transform(this::checked)
                .doOnNext(ShardPart::release)
                .filter(ShardPart.ShardEnd.class::isInstance)
                .doOnNext(end -> assertThat(told)
                        .singleElement()
                        .satisfies(notice -> assertThat(notice.message())
                                .contains("shard db/rp/1, 000000001-000000001.tsm", "wrong checksum")))
                .as(StepVerifier::create)
                .expectNextCount(1)
                .verifyComplete();

        assertThat(threads).isNotEmpty().allMatch(name -> name.startsWith("workers"));
    }

    @Test
    void everyBufferIsReleasedWheneverItIsCancelled() throws Exception {
        byte[] tar = Answers.shard(SHARD, files());
        List<ByteBuf> all = new ArrayList<>();
        try (var runs = new RandomCancel()) {
            for (int seed = 0; seed < 500; seed++) {
                List<ByteBuf> pieces = new ArrayList<>();
                for (int at = 0; at < tar.length; at += PIECE) {
                    pieces.add(Unpooled.directBuffer(PIECE).writeBytes(tar, at, Math.min(PIECE, tar.length - at)));
                }
                all.addAll(pieces);
                runs.run(
                        seed,
                        pieces,
                        bytes -> bytes.transform(TarReader.parts(SHARD)).transform(this::checked),
                        ShardPart::release);
            }
        }
        workers.disposeGracefully().block(PATIENCE);
        assertThat(all).allMatch(buffer -> buffer.refCnt() == 0);
        assertThat(told).isEmpty();
    }

    private Flux<ShardPart> checked(Flux<ShardPart> parts) {
        return new BlockCheck(CheckDepth.PASSING)
                .apply(
                        SHARD,
                        parts.transform(Crossing.to(workers, ShardPart::release))
                                .doOnNext(part ->
                                        threads.add(Thread.currentThread().getName())),
                        told::add);
    }

    private static Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : List.of("000000001-000000001.tombstone", "000000001-000000001.tsm")) {
            files.put(name, Files.readAllBytes(FILES.resolve(name)));
        }
        return files;
    }
}
