package dev.sluice.bench.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Makes the data set: a real influxd is given metrics over HTTP and left alone until it has compacted them.
 *
 * <p>{@value DataSet#MANY} has 16 shards of one day, of some 55 MB each; {@value DataSet#SINGLE} one shard of more than
 * 400 MB.
 */
public final class Load {

    private static final int HOSTS = 100;
    private static final long START = Instant.parse("2026-11-16T00:00:00Z").getEpochSecond() * 1_000_000_000;
    private static final long DAY = 86_400L * 1_000_000_000;

    private static final int SHARDS = 16;
    private static final int TICKS_A_SHARD = 3_400;
    private static final int TICKS_OF_SINGLE = 26_500;

    private static final int WRITERS = 3;

    private Load() {}

    /** Makes the set at its place, if it is not there. Works beside it first, in {@code scratch}. */
    public static void into(DataSet set, Path program, Path scratch) throws IOException, InterruptedException {
        if (set.isThere()) {
            System.err.println("The data set is there: " + set.home());
            return;
        }
        Path work = Files.createTempDirectory(scratch, "sluice-load-");
        try {
            try (Influxd server = Influxd.start(program, work)) {
                server.query("CREATE DATABASE " + DataSet.MANY + " WITH SHARD DURATION 1d NAME days");
                server.query("CREATE DATABASE " + DataSet.SINGLE + " WITH SHARD DURATION 7d NAME week");
                var many = new Metrics(HOSTS, 7);
                for (int shard = 0; shard < SHARDS; shard++) {
                    write(server, DataSet.MANY, many, START + shard * DAY, TICKS_A_SHARD);
                    System.err.printf("%s: %d of %d shards written%n", DataSet.MANY, shard + 1, SHARDS);
                }
                write(server, DataSet.SINGLE, new Metrics(HOSTS, 8), START, TICKS_OF_SINGLE);
                awaitCompaction(server.data());
            }
            set.adopt(work);
        } finally {
            delete(work);
        }
        System.err.println("The data set is ready: " + set);
    }

    private static void write(Influxd server, String database, Metrics metrics, long start, int ticks)
            throws InterruptedException {
        BlockingQueue<byte[]> batches = new ArrayBlockingQueue<>(WRITERS);
        byte[] end = new byte[0];
        ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                running.add(writers.submit(() -> {
                    for (byte[] batch = batches.take(); batch.length > 0; batch = batches.take()) {
                        server.write(database, batch);
                    }
                    return null;
                }));
            }
            metrics.write(start, ticks, batch -> put(batches, batch));
            for (int i = 0; i < WRITERS; i++) {
                put(batches, end);
            }
            for (Future<?> writer : running) {
                writer.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("writing failed", e.getCause());
        } finally {
            writers.shutdownNow();
        }
    }

    private static void put(BlockingQueue<byte[]> batches, byte[] batch) {
        try {
            batches.put(batch);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Waits until every shard is one or two files, or nothing has changed for a minute. */
    private static void awaitCompaction(Path data) throws InterruptedException, IOException {
        String before = "";
        for (int quiet = 0; quiet < 12; ) {
            Thread.sleep(5_000);
            String now = DataSet.listing(data);
            quiet = now.equals(before) ? quiet + 1 : 0;
            before = now;
            System.err.printf("compacting: %d files%n", now.lines().count());
        }
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> files = Files.walk(tree)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** Copies a tree of files. */
    static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) throws IOException {
                Files.createDirectories(to.resolve(from.relativize(dir)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.copy(file, to.resolve(from.relativize(file)));
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
