package dev.sluice.bench;

import dev.sluice.bench.data.Influxd;
import dev.sluice.bench.measure.Figures;
import dev.sluice.bench.measure.Program;
import dev.sluice.bench.measure.Results;
import dev.sluice.bench.measure.Results.Column;
import dev.sluice.bench.measure.Rounds;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code bench/run backup DATABASE CASE...}: a bare reader, the original, and Sluice with every codec or those named, in turn against one server,
 * onto a memory file system.
 */
final class BackupBench {

    private static final String DRAIN = "drain";
    private static final String WRITTEN = "drain to files";
    private static final String ORIGINAL = "influxd";
    private static final String GZIP = "gzip";
    private static final String LIBDEFLATE = "gzip:2 libdeflate";

    private static final String STORED = "stored_MB";

    /** Leaves out the look into blocks that a backup takes by default. */
    private static final String UNCHECKED = "--check-blocks=false";

    private final Setting setting;
    private final Influxd server;
    private final String database;
    private final Path target;
    private long rawBytes;

    private BackupBench(Setting setting, Influxd server, String database, Path scratch) {
        this.setting = setting;
        this.server = server;
        this.database = database;
        this.target = scratch.resolve("backup");
    }

    /** @param wanted names of Sluice's cases; none for all */
    static void run(Setting setting, String database, List<String> wanted) throws Exception {
        setting.serving(
                database, (scratch, server) -> new BackupBench(setting, server, database, scratch).measure(wanted));
    }

    private void measure(List<String> wanted) throws Exception {
        List<Rounds.Case> cases = new ArrayList<>(List.of(
                sluice("zstd", "zstd:1", Optional.empty()),
                sluice("zstd:3", "zstd:3", Optional.empty()),
                sluice("gzip:0", "gzip:0", Optional.empty()),
                sluice("none", "none", Optional.empty()),
                sluice(GZIP, "gzip:1", Optional.empty()),
                sluice("zstd unchecked", "zstd:1", Optional.empty(), UNCHECKED),
                sluice("none unchecked", "none", Optional.empty(), UNCHECKED),
                sluice("gzip unchecked", "gzip:1", Optional.empty(), UNCHECKED)));
        setting.java25().ifPresent(java -> cases.add(sluice(LIBDEFLATE, "gzip:2", Optional.of(java))));
        cases.removeIf(one -> !wanted.isEmpty() && !wanted.contains(one.name()));
        cases.addAll(0, List.of(drain(DRAIN, Optional.empty()), drain(WRITTEN, Optional.of(target)), original()));
        Results results = Rounds.measure(cases, setting.rounds());
        System.out.println("Backup of '%s': %.0f MB of shards, medians of %d, %d processors; 1 MB = 10^6 bytes"
                .formatted(
                        database,
                        rawBytes / 1e6,
                        setting.rounds(),
                        Runtime.getRuntime().availableProcessors()));
        System.out.print(results.table(List.of(
                results.figure("wall s", "%.2f", Trial.WALL),
                results.figure("MB/s", "%.0f", Trial.RATE),
                faster(results),
                results.figure("stored MB", "%.0f", STORED),
                results.ratio("of its size", "%.3f", STORED, ORIGINAL),
                results.figure("CPU s/GB", "%.1f", Trial.CPU),
                results.figure("server's", "%.1f", Trial.SERVER_CPU),
                results.figure("cores busy", "%.2f", Trial.BUSY),
                results.figure("peak MB", "%.0f", Trial.PEAK),
                results.figure("copy MB/s", "%.0f", Trial.COPY_RATE),
                results.ratio("of drain", "%.2f", Trial.COPY_RATE, DRAIN),
                results.ratio("to files", "%.2f", Trial.COPY_RATE, WRITTEN),
                results.figure("fsync s", "%.3f", Trial.FSYNC))));
        results.writeTo(Setting.results("backup-" + database));
    }

    /** Time of the original divided by ours. */
    private static Column faster(Results results) {
        return results.ratio("as fast", "%.2f", Trial.RATE, ORIGINAL);
    }

    private Rounds.Case drain(String name, Optional<Path> files) {
        return Rounds.named(name, () -> {
            Files.createDirectories(target);
            double before = Program.cpuSecondsOf(server.pid());
            Drain.Drained drained = new Drain(server.rpc(), files).run(database);
            Setting.delete(target);
            rawBytes = drained.bytes();
            double gigabytes = rawBytes / 1e9;
            return new Figures()
                    .set(Trial.WALL, drained.seconds())
                    .set(Trial.RATE, rawBytes / 1e6 / drained.seconds())
                    .set(Trial.COPY_RATE, rawBytes / 1e6 / drained.seconds())
                    .set(Trial.SERVER_CPU, (Program.cpuSecondsOf(server.pid()) - before) / gigabytes);
        });
    }

    private Rounds.Case original() {
        return Rounds.named(ORIGINAL, () -> {
            Files.createDirectories(target);
            return command(
                    List.of(
                            setting.influxd().toString(),
                            "backup",
                            "-portable",
                            "-host",
                            server.rpc().toString(),
                            "-db",
                            database,
                            target.toString()),
                    Map.of());
        });
    }

    private Rounds.Case sluice(String name, String compression, Optional<Path> java, String... more) {
        Map<String, String> environment = new HashMap<>();
        java.ifPresent(
                home -> environment.put("SLUICE_JAVA", home.resolve("bin/java").toString()));
        List<String> command = new ArrayList<>(List.of(
                setting.sluice().toString(),
                "backup",
                "-portable",
                "-host",
                server.rpc().toString(),
                "-db",
                database,
                "--compression",
                compression,
                "--json"));
        command.addAll(List.of(more));
        command.add(target.toString());
        return Rounds.named(name, () -> command(command, environment));
    }

    private Figures command(List<String> command, Map<String, String> environment) throws Exception {
        try {
            return Trial.command(command, environment, server, rawBytes).set(STORED, Setting.bytesIn(target) / 1e6);
        } finally {
            Setting.delete(target);
        }
    }
}
