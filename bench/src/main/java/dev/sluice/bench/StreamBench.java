package dev.sluice.bench;

import dev.sluice.bench.data.Influxd;
import dev.sluice.bench.measure.Figures;
import dev.sluice.bench.measure.Program;
import dev.sluice.bench.measure.Results;
import dev.sluice.bench.measure.Rounds;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code bench/run stream CASE...}: backups to a pipe that nobody holds up, beside the same into a directory and a bare
 * reader, in turn against one server.
 */
final class StreamBench {

    private static final String DRAIN = "drain";
    private static final String DIRECTORY = "zstd to a directory";

    /** stdout is thrown away, as by {@code > /dev/null}; the events, on stderr, take its place. */
    private static final List<String> TO_NOWHERE = List.of("bash", "-c", "exec \"$@\" 2>&1 >/dev/null", "bash");

    private final Setting setting;
    private final Influxd server;
    private final String database;
    private final Path target;
    private long rawBytes;

    private StreamBench(Setting setting, Influxd server, String database, Path scratch) {
        this.setting = setting;
        this.server = server;
        this.database = database;
        this.target = scratch.resolve("backup");
    }

    /** @param wanted names of Sluice's cases; none for all */
    static void run(Setting setting, String database, List<String> wanted) throws Exception {
        setting.serving(
                database, (scratch, server) -> new StreamBench(setting, server, database, scratch).measure(wanted));
    }

    private void measure(List<String> wanted) throws Exception {
        List<Rounds.Case> cases =
                new ArrayList<>(List.of(piped("zstd", "zstd:1"), piped("gzip", "gzip:1"), piped("none", "none")));
        cases.removeIf(one -> !wanted.isEmpty() && !wanted.contains(one.name()));
        cases.addAll(0, List.of(drain(), directory()));
        Results results = Rounds.measure(cases, setting.rounds());
        System.out.printf(
                "Streams of '%s': %.0f MB of shards, medians of %d; 1 MB = 10^6 bytes%n",
                database, rawBytes / 1e6, setting.rounds());
        System.out.print(results.table(List.of(
                results.figure("wall s", "%.2f", Trial.WALL),
                results.figure("MB/s", "%.0f", Trial.RATE),
                results.ratio("of directory", "%.2f", Trial.RATE, DIRECTORY),
                results.figure("copy MB/s", "%.0f", Trial.COPY_RATE),
                results.ratio("of drain", "%.2f", Trial.COPY_RATE, DRAIN),
                results.figure("CPU s/GB", "%.1f", Trial.CPU),
                results.figure("cores busy", "%.2f", Trial.BUSY),
                results.figure("peak MB", "%.0f", Trial.PEAK))));
        results.writeTo(Setting.results("stream-" + database));
    }

    private Rounds.Case drain() {
        return Rounds.named(DRAIN, () -> {
            Drain.Drained drained = new Drain(server.rpc(), Optional.empty()).run(database);
            rawBytes = drained.bytes();
            double rate = rawBytes / 1e6 / drained.seconds();
            return new Figures()
                    .set(Trial.WALL, drained.seconds())
                    .set(Trial.RATE, rate)
                    .set(Trial.COPY_RATE, rate);
        });
    }

    private Rounds.Case directory() {
        return Rounds.named(DIRECTORY, () -> {
            Files.createDirectories(target);
            try {
                return measured(command("zstd:1", target.toString()));
            } finally {
                Setting.delete(target);
            }
        });
    }

    private Rounds.Case piped(String name, String compression) {
        return Rounds.named(name, () -> {
            List<String> command = new ArrayList<>(TO_NOWHERE);
            command.addAll(command(compression, "-"));
            return measured(command);
        });
    }

    private List<String> command(String compression, String to) {
        return List.of(
                setting.sluice().toString(),
                "backup",
                "-portable=" + !to.equals("-"),
                "-host",
                server.rpc().toString(),
                "-db",
                database,
                "--compression",
                compression,
                "--json",
                to);
    }

    private Figures measured(List<String> command) throws Exception {
        double before = Program.cpuSecondsOf(server.pid());
        Program.Run run = Program.run(command, Map.of());
        double serverCpu = Program.cpuSecondsOf(server.pid()) - before;
        Figures figures = new Figures()
                .set(Trial.WALL, run.wallSeconds())
                .set(Trial.RATE, rawBytes / 1e6 / run.wallSeconds())
                .set(Trial.CPU, run.cpuSeconds() / (rawBytes / 1e9))
                .set(Trial.BUSY, (run.cpuSeconds() + serverCpu) / run.wallSeconds())
                .set(Trial.PEAK, run.peakBytes() / 1e6);
        Trial.own(run.out(), rawBytes, figures);
        return figures;
    }
}
