package dev.sluice.engine.transfer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.line.SeriesFilter;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.testkit.WalSegment;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Whole exports of logs whose text is much more than may be in memory. */
class WalExportTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Place PLACE = new Place("db", "rp");
    private static final int PARALLELISM = 2;
    private static final int ENTRIES = 200;
    private static final int LINES = 2_000; // of an entry: 50 KB of text

    private final ExecutorService threads = Executors.newFixedThreadPool(PARALLELISM);
    private final Scheduler workers = Schedulers.fromExecutorService(threads, "wal-workers");
    private final Scheduler files = Uninterrupted.on(Schedulers.newBoundedElastic(4, 1000, "wal-files"));
    private final SlabLine line = SlabLine.open(Compression.NONE, 8 << 20, workers, PARALLELISM);

    @TempDir
    Path temp;

    @AfterEach
    void stop() {
        line.close();
        workers.dispose();
        files.dispose();
    }

    private LineExport export() {
        var options = new ExportOptions(
                Optional.empty(),
                Optional.empty(),
                Long.MIN_VALUE,
                Long.MAX_VALUE,
                true,
                false,
                SeriesFilter.ALL,
                OptionalLong.empty(),
                false);
        return new LineExport("a log", options, line, workers, PARALLELISM, files, Schedulers.parallel());
    }

    /** Segments of 10 MB of text; in the middle of each stands a delete, which is told when it is read. */
    private List<Path> segments(int count) throws IOException {
        var paths = new ArrayList<Path>();
        for (int i = 0; i < count; i++) {
            var segment = new WalSegment();
            for (int entry = 0; entry < ENTRIES; entry++) {
                if (entry == ENTRIES / 2) {
                    segment.delete("m,host=a#!~#f");
                }
                long first = ((long) i * ENTRIES + entry) * LINES;
                segment.write(write -> {
                    write.key(2, "m,host=a#!~#f", LINES);
                    for (int n = 0; n < LINES; n++) {
                        write.value(first + n, n);
                    }
                });
            }
            paths.add(Files.write(temp.resolve("_%05d.wal".formatted(i)), segment.toByteArray()));
        }
        return paths;
    }

    private static String lines(int segments) {
        var text = new StringBuilder();
        for (long n = 0; n < (long) segments * ENTRIES * LINES; n++) {
            text.append("m,host=a f=").append(n % LINES).append("i ").append(n).append('\n');
        }
        return text.toString();
    }

    private static LineExport.Out reader(Function<Flux<ByteBuf>, Mono<Long>> reads) {
        return new LineExport.Out.ToReader("the test", reads);
    }

    @Test
    void aSegmentComesInPiecesAndInOrder() throws IOException {
        var text = new ByteArrayOutputStream();
        var sizes = new ArrayList<Integer>();

        export().shard(
                        new ShardFiles(PLACE, List.of(), segments(5)),
                        reader(pieces -> pieces.map(piece -> {
                                    int size = piece.readableBytes();
                                    sizes.add(size);
                                    byte[] bytes = new byte[size];
                                    piece.readBytes(bytes);
                                    text.writeBytes(bytes);
                                    piece.release();
                                    return size;
                                })
                                .reduce(0L, Long::sum)))
                .block(PATIENCE);

        assertThat(text.toString(ISO_8859_1).equals(lines(5))).isTrue();
        assertThat(sizes).allMatch(size -> size <= Chunk.MEMORY);
    }

    @Test
    void readsNoFurtherThanItIsAsked() throws Exception {
        LineExport export = export();

        export.shard(
                        new ShardFiles(PLACE, List.of(), segments(1)),
                        reader(pieces -> pieces.limitRate(1)
                                .doOnNext(ByteBuf::release)
                                .take(3)
                                .count()))
                .block(PATIENCE);
        settle();

        assertThat(export.telling().warnings())
                .as("what is told of the middle of the log")
                .isEmpty();
    }

    @Test
    void aCancelAtAnyPieceLeavesNoSegmentOpen() throws Exception {
        List<Path> segments = segments(4);
        for (int count = 1; count < 60; count += 1 + count / 4) {
            int wanted = count;
            var taken = new ArrayList<ByteBuf>();

            export().shard(
                            new ShardFiles(PLACE, List.of(), segments),
                            reader(pieces -> pieces.doOnNext(piece -> {
                                        taken.add(piece);
                                        piece.release();
                                    })
                                    .take(wanted)
                                    .count()))
                    .block(PATIENCE);
            idle(); // a worker may be about to open a segment, and closes it again
            // Segments are closed by a thread that may block, behind the cancel.
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!open().isEmpty() && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }

            assertThat(taken).hasSize(wanted).allMatch(piece -> piece.refCnt() == 0);
            assertThat(open()).as("after %d pieces", wanted).isEmpty();
        }
    }

    /** Waits until each worker has done what it was at. */
    private void idle() throws Exception {
        var all = new CyclicBarrier(PARALLELISM + 1);
        for (int i = 0; i < PARALLELISM; i++) {
            threads.execute(() -> {
                try {
                    all.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                    throw new IllegalStateException(e);
                }
            });
        }
        all.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Waits until the workers have done all that they were given. */
    private void settle() throws InterruptedException {
        threads.shutdown();
        assertThat(threads.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
    }

    private List<Path> open() throws IOException {
        Path proc = Path.of("/proc/self/fd");
        if (!Files.isDirectory(proc)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(proc)) {
            return all.map(WalExportTest::target)
                    .filter(path -> path.startsWith(temp))
                    .toList();
        }
    }

    private static Path target(Path link) {
        try {
            return Files.readSymbolicLink(link);
        } catch (IOException e) {
            return link; // closed meanwhile
        }
    }
}
