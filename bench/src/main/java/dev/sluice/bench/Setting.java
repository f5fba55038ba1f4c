package dev.sluice.bench;

import dev.sluice.bench.data.DataSet;
import dev.sluice.bench.data.Influxd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What measurements find around them, from the environment.
 *
 * @param influxd the original
 * @param sets where the data is
 * @param memory a directory on a memory file system, for a server's copy of the data and for what is written
 * @param sluice the start script of what was built last
 * @param inspect the original's tool for files, if there is one to compare with
 * @param java25 a Java for which there is libdeflate
 * @param rounds how many runs count
 */
record Setting(
        Path influxd, Path sets, Path memory, Path sluice, Optional<Path> inspect, Optional<Path> java25, int rounds) {

    static Setting of(Map<String, String> environment) {
        String influxd = environment.getOrDefault("SLUICE_INFLUXD", "").split(",", -1)[0];
        if (influxd.isEmpty()) {
            throw new IllegalArgumentException("SLUICE_INFLUXD must name an influxd to compare with");
        }
        return new Setting(
                Path.of(influxd),
                Path.of("bench", "data"),
                Path.of(environment.getOrDefault("SLUICE_BENCH_MEMORY", "/dev/shm")),
                Path.of("cli/target/home/bin/sluice").toAbsolutePath(),
                Optional.ofNullable(environment.get("INFLUX_INSPECT")).map(Path::of),
                Optional.ofNullable(environment.get("SLUICE_BENCH_JAVA25")).map(Path::of),
                Integer.parseInt(environment.getOrDefault("SLUICE_BENCH_ROUNDS", "5")));
    }

    /** Where a measurement's figures go. */
    static Path results(String name) {
        return Path.of("bench", "data", "results", name + ".json");
    }

    /** What is done with a scratch directory and a server. */
    interface Work {
        void with(Path scratch, Influxd server) throws Exception;
    }

    /** What is done with a scratch directory. */
    interface ScratchWork {
        void with(Path scratch) throws Exception;
    }

    /** The set that has a database. */
    DataSet set(String database) {
        return new DataSet(sets.resolve(database.equals(DataSet.LONG) ? "long" : "server"));
    }

    /** Runs a server on a copy of a database's set in memory, and removes all of it afterwards. */
    void serving(String database, Work work) throws Exception {
        withScratch(scratch -> {
            Path home = scratch.resolve("server");
            there(database).copyTo(home);
            try (Influxd server = Influxd.start(influxd, home)) {
                work.with(scratch, server);
            }
        });
    }

    /** Gives a directory in memory, and removes all of it afterwards. */
    void withScratch(ScratchWork work) throws Exception {
        Path scratch = Files.createTempDirectory(memory, "sluice-bench-");
        try {
            work.with(scratch);
        } finally {
            delete(scratch);
        }
    }

    /** The set that has a database, once it is made. */
    DataSet there(String database) {
        DataSet set = set(database);
        if (!set.isThere()) {
            throw new IllegalStateException(
                    "there is no data for '%s' yet: bench/run load makes it".formatted(database));
        }
        return set;
    }

    /** Removes a tree of files, if it is there. */
    static void delete(Path tree) throws IOException {
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

    /** Bytes of the files directly in a directory. */
    static long bytesIn(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }
}
