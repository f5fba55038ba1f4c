package dev.sluice.engine.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.store.PlainFile;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.CountedFile;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.RandomCancel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class IndexFirstTest {

    private static final ShardRef SHARD = new ShardRef("db", "rp", 1);
    private static final Path FILES = Path.of("src/test/resources/fixtures/tsm/data/fx_mixed/autogen/8");
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int PIECE = 512;
    private static final int BEFORE = 1_000;

    private final Scheduler files = Uninterrupted.on(Schedulers.newBoundedElastic(4, 1_000, "files", 60, true));

    @TempDir
    Path home;

    private byte[] tar = {};
    private CountedFile kept = new CountedFile(Path.of(""));

    /** A tar behind something else. */
    @BeforeEach
    void keep() throws IOException {
        Map<String, byte[]> all = new LinkedHashMap<>();
        for (String name : List.of("000000001-000000001", "000000002-000000001")) {
            all.put(name + ".tombstone", Files.readAllBytes(FILES.resolve(name + ".tombstone")));
            all.put(name + ".tsm", Files.readAllBytes(FILES.resolve(name + ".tsm")));
        }
        tar = Answers.shard(SHARD, all);
        byte[] behind = new byte[BEFORE + tar.length];
        System.arraycopy(tar, 0, behind, BEFORE, tar.length);
        kept = new CountedFile(Files.write(home.resolve("kept"), behind));
    }

    @AfterEach
    void close() {
        files.dispose();
    }

    @Test
    void eachTsmFileOfATarComesWithItsBlocks() {
        for (int time = 0; time < 2; time++) {
            assertThat(known(new PlainFile("kept", kept, files))).containsExactly(false, true, false, true);
        }
        assertThat(kept.readers()).isZero();
        assertThat(kept.read()).as("a footer and an index each").isLessThan(tar.length / 2);
    }

    @Test
    void whatCannotBeReadAheadComesAsItComes() {
        PlainFile.Opener gone = () -> {
            throw new NoSuchFileException("kept");
        };
        assertThat(known(new PlainFile("kept", gone, files))).containsExactly(false, false, false, false);
    }

    @Test
    void everyBufferIsReleasedWheneverItIsCancelled() throws Exception {
        var plain = new PlainFile("kept", kept, files);
        Queue<ByteBuf> all = new ConcurrentLinkedQueue<>();
        try (var runs = new RandomCancel()) {
            for (int seed = 0; seed < 500; seed++) {
                List<ByteBuf> pieces = IntStream.iterate(0, at -> at < tar.length, at -> at + PIECE)
                        .mapToObj(at ->
                                Unpooled.directBuffer(PIECE).writeBytes(tar, at, Math.min(PIECE, tar.length - at)))
                        .toList();
                all.addAll(pieces);
                runs.run(
                        seed,
                        pieces,
                        bytes -> bytes.transform(TarReader.parts(SHARD))
                                .doOnNext(part -> {
                                    if (part instanceof ShardPart.FileStart start) {
                                        all.add(start.rawHeader());
                                    }
                                })
                                .transform(IndexFirst.inTar(plain, BEFORE)),
                        ShardPart::release);
            }
        }
        files.disposeGracefully().block(PATIENCE);
        assertThat(all).allMatch(buffer -> buffer.refCnt() == 0);
        assertThat(kept.readers()).isZero();
    }

    /** For each file whether its blocks are known ahead. */
    private List<Boolean> known(PlainFile plain) {
        Flux<Boolean> known = MemoryShards.chunks(tar)
                .transform(TarReader.parts(SHARD))
                .transform(IndexFirst.inTar(plain, BEFORE))
                .doOnNext(ShardPart::release)
                .ofType(ShardPart.FileStart.class)
                .map(start ->
                        start.ahead().filter(sizes -> sizes.cursor().at(5) > 0).isPresent());
        return Objects.requireNonNull(known.collectList().block(PATIENCE));
    }
}
