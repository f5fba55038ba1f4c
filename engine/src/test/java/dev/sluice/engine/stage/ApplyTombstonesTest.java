package dev.sluice.engine.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.tsm.TombstoneWriter;
import dev.sluice.engine.tsm.TsmFile;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class ApplyTombstonesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);
    private static final String FIRST = "000000001-000000001";
    private static final String SECOND = "000000002-000000001";

    private final Scheduler files = Uninterrupted.on(Schedulers.newBoundedElastic(4, 1000, "tombstones-test"));
    private final Queue<ByteBuf> buffers = new ConcurrentLinkedQueue<>();
    private final List<Notice> told = new ArrayList<>();
    private final Map<String, byte[]> tsm = Answers.tsmFiles(1, 2);

    @TempDir
    Path scratch;

    @TempDir
    Path out;

    @AfterEach
    void nothingIsLeft() throws IOException {
        files.disposeGracefully().block(PATIENCE);
        try (var left = Files.list(scratch)) {
            assertThat(left).isEmpty();
        }
        assertThat(buffers).allMatch(buffer -> buffer.refCnt() == 0);
    }

    @Test
    void takesOutWhatIsDeletedAndPassesOtherFilesUntouched() throws IOException {
        Map<String, byte[]> archive = archive(tombstone(1_000_100, 1_000_299));

        Map<String, byte[]> passed = passed(archive);

        assertThat(passed).containsOnlyKeys(FIRST + ".tsm", SECOND + ".tsm");
        assertThat(passed.get(SECOND + ".tsm")).isEqualTo(tsm.get(SECOND + ".tsm"));
        assertThat(summary(Objects.requireNonNull(passed.get(FIRST + ".tsm"))))
                .isEqualTo(new TsmFile.Summary(1_000_000, 1_000_999, 1, 1));
        assertThat(told)
                .singleElement()
                .satisfies(notice -> assertThat(notice.message())
                        .contains("200 deleted values")
                        .contains("1 files")
                        .contains("db/rp/7"));
    }

    @Test
    void dropsAFileOfWhichNothingIsLeft() throws IOException {
        assertThat(passed(archive(tombstone(Long.MIN_VALUE, Long.MAX_VALUE)))).containsOnlyKeys(SECOND + ".tsm");
    }

    @Test
    void passesAFileAsItIsWhenNoDeletionHitsIt() throws IOException {
        Map<String, byte[]> passed = passed(archive(tombstone(5, 6)));

        assertThat(passed.get(FIRST + ".tsm")).isEqualTo(tsm.get(FIRST + ".tsm"));
        assertThat(told).isEmpty();
    }

    @Test
    void aDamagedTombstoneFailsTheShard() {
        apply(archive(new byte[] {0, 0, 0x15, 4, 1, 2, 3}), scratch)
                .doOnNext(ShardPart::release)
                .as(StepVerifier::create)
                .thenConsumeWhile(part -> true)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(ArchiveDamaged.class).hasMessageContaining(FIRST + ".tsm"))
                .verify(PATIENCE);
    }

    /** The file has gone on by then, with all that is deleted in it. */
    @Test
    void aTombstoneBehindItsFileFailsTheShard() throws IOException {
        Map<String, byte[]> archive = new LinkedHashMap<>(tsm);
        archive.put(SECOND + ".tombstone", tombstone(1_000_100, 1_000_299));

        apply(archive, scratch)
                .doOnNext(ShardPart::release)
                .as(StepVerifier::create)
                .thenConsumeWhile(part -> true)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(ArchiveDamaged.class)
                        .hasMessageContaining(SECOND + ".tombstone")
                        .hasMessageContaining("behind its file"))
                .verify(PATIENCE);
    }

    @Test
    void aScratchThatCannotBeUsedIsNamed() throws IOException {
        apply(archive(tombstone(1, 2)), scratch.resolve("missing"))
                .doOnNext(ShardPart::release)
                .as(StepVerifier::create)
                .thenConsumeWhile(part -> true)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StoreFailed.class)
                        .hasMessageContaining("missing")
                        .hasMessageContaining("db/rp/7"))
                .verify(PATIENCE);
    }

    @Test
    void leavesNothingBehindWheneverItIsCancelled() throws Exception {
        var random = new Random(5);
        Map<String, byte[]> archive = archive(tombstone(1_000_100, 1_000_299));
        for (int round = 0; round < 500; round++) {
            int parts = random.nextInt(40);
            var running = apply(archive, scratch)
                    .doOnNext(ShardPart::release)
                    .take(parts)
                    .subscribe(part -> {}, e -> {});
            if (random.nextBoolean()) {
                TimeUnit.MICROSECONDS.sleep(random.nextInt(3_000));
            }
            running.dispose();
        }
    }

    private Map<String, byte[]> archive(byte[] tombstone) {
        var archive = new LinkedHashMap<String, byte[]>();
        archive.put(FIRST + ".tombstone", tombstone);
        archive.put(FIRST + ".tsm", tsm.get(FIRST + ".tsm"));
        archive.put(SECOND + ".tsm", tsm.get(SECOND + ".tsm"));
        return archive;
    }

    private static byte[] tombstone(long min, long max) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var writer = new TombstoneWriter(bytes)) {
            writer.delete("m,host=a#!~#f".getBytes(StandardCharsets.UTF_8), min, max);
        }
        return bytes.toByteArray();
    }

    private Flux<ShardPart> apply(Map<String, byte[]> archive, Path directory) {
        byte[] tar = Answers.shard(SHARD, archive);
        Flux<ByteBuf> bytes = Flux.range(0, (tar.length + 999) / 1000).map(i -> {
            byte[] piece = Arrays.copyOfRange(tar, i * 1000, Math.min(tar.length, (i + 1) * 1000));
            ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer(piece.length).writeBytes(piece);
            buffers.add(buffer);
            return buffer;
        });
        return new ApplyTombstones(directory, files).apply(SHARD, bytes.transform(TarReader.parts(SHARD)), told::add);
    }

    private Map<String, byte[]> passed(Map<String, byte[]> archive) {
        var passed = new LinkedHashMap<String, byte[]>();
        var name = new String[1];
        var content = new ByteArrayOutputStream();
        var ends = new ArrayList<ShardPart>();
        apply(archive, scratch)
                .doOnNext(part -> {
                    if (part instanceof ShardPart.FileStart start) {
                        name[0] = start.name();
                        content.reset();
                    } else if (part instanceof ShardPart.Bytes bytes) {
                        byte[] piece = new byte[bytes.data().readableBytes()];
                        bytes.data().getBytes(bytes.data().readerIndex(), piece);
                        content.writeBytes(piece);
                    } else if (part instanceof ShardPart.FileEnd) {
                        passed.put(name[0], content.toByteArray());
                    } else {
                        ends.add(part);
                    }
                    part.release();
                })
                .then()
                .block(PATIENCE);
        assertThat(ends).containsExactly(new ShardPart.ShardEnd(passed.size()));
        return passed;
    }

    private TsmFile.Summary summary(byte[] bytes) throws IOException {
        Path file = out.resolve("file.tsm");
        Files.write(file, bytes);
        try (var channel = FileChannel.open(file)) {
            return TsmFile.open(channel).summary();
        }
    }
}
