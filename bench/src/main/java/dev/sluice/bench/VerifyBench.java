package dev.sluice.bench;

import dev.sluice.bench.data.Influxd;
import dev.sluice.bench.measure.Figures;
import dev.sluice.bench.measure.Program;
import dev.sluice.bench.measure.Results;
import dev.sluice.bench.measure.Rounds;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * {@code bench/run verify CASE...}: checks of archives that lie on a memory file system, beside the JDK's decompressor
 * alone on the files of the gzip case and, where there is one, {@code influx_inspect verify} on the server's own.
 */
final class VerifyBench {

    private static final String GZIP = "gzip";
    private static final String BARE = "gzip, only decompressed";
    private static final String ORIGINAL = "influx_inspect";
    private static final int BUFFER = 1 << 16;

    private final Setting setting;
    private final Influxd server;
    private final String database;
    private final Path scratch;
    private long rawBytes;

    private VerifyBench(Setting setting, Influxd server, String database, Path scratch) {
        this.setting = setting;
        this.server = server;
        this.database = database;
        this.scratch = scratch;
    }

    /** @param wanted names of Sluice's cases; none for all */
    static void run(Setting setting, String database, List<String> wanted) throws Exception {
        setting.serving(
                database, (scratch, server) -> new VerifyBench(setting, server, database, scratch).measure(wanted));
    }

    private void measure(List<String> wanted) throws Exception {
        List<Kind> kinds = new ArrayList<>(List.of(
                new Kind("zstd", "zstd:1", false),
                new Kind("none", "none", false),
                new Kind(GZIP, "gzip:1", false),
                new Kind("zstd stream", "zstd:1", true),
                new Kind("none stream", "none", true)));
        kinds.removeIf(kind -> !wanted.isEmpty() && !wanted.contains(kind.name()));
        rawBytes = new Drain(server.rpc(), Optional.empty()).run(database).bytes();
        List<Rounds.Case> cases = new ArrayList<>();
        for (Kind kind : kinds) {
            Path archive = make(kind);
            cases.add(verify(kind, archive));
            if (kind.name().equals(GZIP)) {
                cases.add(decompressed(archive));
            }
        }
        if (setting.inspect().isPresent()) {
            cases.add(original(setting.inspect().get()));
        }
        Results results = Rounds.measure(cases, setting.rounds());
        System.out.printf(
                "Checks of '%s': %.0f MB of shards, medians of %d; 1 MB = 10^6 bytes%n",
                database, rawBytes / 1e6, setting.rounds());
        System.out.print(results.table(List.of(
                results.figure("wall s", "%.2f", Trial.WALL),
                results.figure("MB/s", "%.0f", Trial.RATE),
                results.figure("check MB/s", "%.0f", Trial.COPY_RATE),
                results.ratio("of bare", "%.2f", Trial.COPY_RATE, BARE),
                results.ratio("as fast", "%.2f", Trial.RATE, ORIGINAL),
                results.figure("CPU s/GB", "%.1f", Trial.CPU),
                results.figure("cores busy", "%.2f", Trial.BUSY),
                results.figure("peak MB", "%.0f", Trial.PEAK))));
        results.writeTo(Setting.results("verify-" + database));
    }

    /** An archive. */
    private record Kind(String name, String compression, boolean stream) {}

    private Path make(Kind kind) throws IOException, InterruptedException {
        Path archive = scratch.resolve(kind.name().replace(' ', '-'));
        List<String> backup = List.of(
                setting.sluice().toString(),
                "backup",
                "-portable=" + !kind.stream(),
                "-host",
                server.rpc().toString(),
                "-db",
                database,
                "--compression",
                kind.compression(),
                "--quiet",
                kind.stream() ? "-" : archive.toString());
        List<String> command = new ArrayList<>();
        if (kind.stream()) {
            command.addAll(List.of("bash", "-c", "exec \"$@\" >\"$ARCHIVE\"", "bash"));
        }
        command.addAll(backup);
        Program.run(command, Map.of("ARCHIVE", archive.toString()));
        return archive;
    }

    private Rounds.Case verify(Kind kind, Path archive) {
        List<String> command = new ArrayList<>();
        Map<String, String> environment = new HashMap<>();
        if (kind.stream()) {
            command.addAll(List.of("bash", "-c", "exec \"$@\" <\"$ARCHIVE\"", "bash"));
            environment.put("ARCHIVE", archive.toString());
        }
        command.addAll(
                List.of(setting.sluice().toString(), "verify", "--json", kind.stream() ? "-" : archive.toString()));
        return Rounds.named(kind.name(), () -> {
            Program.Run run = Program.run(command, environment);
            Figures figures = figures(run);
            Trial.own(run.out(), rawBytes, figures);
            return figures;
        });
    }

    /** It checks whatever lies below a directory, so it gets one with the files of the others' database alone. */
    private Rounds.Case original(Path tool) throws IOException {
        Path data = scratch.resolve("server").resolve("data");
        Path root = scratch.resolve("inspected");
        List<Path> files;
        try (Stream<Path> all = Files.walk(data.resolve(database))) {
            files = all.filter(file -> file.toString().endsWith(".tsm")).toList();
        }
        for (Path file : files) {
            Path link = root.resolve("data").resolve(data.relativize(file));
            Files.createDirectories(link.resolveSibling(""));
            Files.createLink(link, file);
        }
        List<String> command = List.of(tool.toString(), "verify", "-dir", root.toString());
        return Rounds.named(ORIGINAL, () -> figures(Program.run(command, Map.of())));
    }

    private Figures figures(Program.Run run) {
        return new Figures()
                .set(Trial.WALL, run.wallSeconds())
                .set(Trial.RATE, rawBytes / 1e6 / run.wallSeconds())
                .set(Trial.CPU, run.cpuSeconds() / (rawBytes / 1e9))
                .set(Trial.BUSY, run.cpuSeconds() / run.wallSeconds())
                .set(Trial.PEAK, run.peakBytes() / 1e6);
    }

    /** The JDK's decompressor on all files, one thread a processor, nothing looked at. */
    private Rounds.Case decompressed(Path archive) {
        return Rounds.named(BARE, () -> {
            List<Callable<Long>> work = new ArrayList<>();
            try (Stream<Path> files = Files.list(archive)) {
                files.filter(file -> file.toString().endsWith(".gz")).forEach(file -> work.add(() -> bytesIn(file)));
            }
            ExecutorService threads =
                    Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
            try {
                long start = System.nanoTime();
                long bytes = 0;
                for (Future<Long> one : threads.invokeAll(work)) {
                    bytes += one.get();
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                return new Figures()
                        .set(Trial.WALL, seconds)
                        .set(Trial.RATE, bytes / 1e6 / seconds)
                        .set(Trial.COPY_RATE, bytes / 1e6 / seconds);
            } finally {
                threads.shutdown();
            }
        });
    }

    private static long bytesIn(Path file) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long bytes = 0;
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file), BUFFER)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                bytes += count;
            }
        }
        return bytes;
    }
}
