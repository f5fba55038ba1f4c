package dev.sluice.bench;

import dev.sluice.bench.data.DataSet;
import dev.sluice.bench.measure.Figures;
import dev.sluice.bench.measure.LastJson;
import dev.sluice.bench.measure.Program;
import dev.sluice.bench.measure.Results;
import dev.sluice.bench.measure.Rounds;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * {@code bench/run export}: a stopped server's directories to line protocol. Beside {@code influx_inspect} where it is
 * given, and always beside the limit that decoding sets.
 */
final class ExportBench {

    /** How much of the set is exported. */
    enum Extent {
        /** The first shard, onto a memory file system: a second or two, of which the start is a good part. */
        SHARD("shard days/1"),
        /** All shards, to nowhere, as their text has no room in memory: the steady state. */
        MANY("all shards");

        private final String shown;

        Extent(String shown) {
            this.shown = shown;
        }

        static Extent of(String name) {
            return valueOf(name.toUpperCase(Locale.ROOT));
        }

        private Path blocks(Path policy) {
            return this == SHARD ? policy.resolve("1") : policy;
        }

        private List<String> span() {
            return this == SHARD ? List.of("-start", START, "-end", END) : List.of();
        }

        private Path out(Path scratch) {
            return this == SHARD ? scratch.resolve("export") : Path.of("/dev/null");
        }
    }

    private static final String START = "2026-11-16T00:00:00Z";
    private static final String END = "2026-11-16T23:59:59.999999999Z";

    private static final String GZIP = "gzip";
    private static final String LIMIT = "decode only";
    private static final String ORIGINAL = "influx_inspect";
    private static final String ORIGINAL_GZIP = "influx_inspect gzip";

    private static final String WALL = "wall_s";
    private static final String LINE_RATE = "lines_per_s";
    private static final String VALUE_RATE = "values_per_s";
    private static final String TEXT_RATE = "text_MB_per_s";
    private static final String STORED = "stored_MB";
    private static final String CPU = "cpu_s";
    private static final String PEAK = "peak_MB";

    private final Setting setting;
    private final Extent extent;
    private final Path out;
    private double values;

    private ExportBench(Setting setting, Extent extent, Path scratch) {
        this.setting = setting;
        this.extent = extent;
        this.out = extent.out(scratch);
    }

    /** @param wanted names of Sluice's cases; none for all. The original's are beside them, gzip beside gzip. */
    static void run(Setting setting, Extent extent, List<String> wanted) throws Exception {
        setting.withScratch(scratch -> new ExportBench(setting, extent, scratch).measure(wanted));
    }

    /** The command that exports the beginning of the set with Sluice; what is asked for besides is appended. */
    static List<String> command(Setting setting, String end, Path out, String... more) {
        return command(setting, List.of("-start", START, "-end", end), out, more);
    }

    private static List<String> command(Setting setting, List<String> span, Path out, String... more) {
        List<String> command = new ArrayList<>(List.of(setting.sluice().toString(), "export", "--json"));
        command.addAll(directories(setting));
        command.addAll(List.of(
                "-metadir", setting.there(DataSet.MANY).home().resolve("meta").toString()));
        command.addAll(span);
        command.addAll(List.of("-out", out.toString()));
        command.addAll(Arrays.asList(more));
        return command;
    }

    private static List<String> directories(Setting setting) {
        Path home = setting.there(DataSet.MANY).home();
        return List.of(
                "-datadir",
                home.resolve("data").toString(),
                "-waldir",
                home.resolve("wal").toString(),
                "-database",
                DataSet.MANY);
    }

    private void measure(List<String> wanted) throws Exception {
        List<Rounds.Case> cases = new ArrayList<>(List.of(
                Rounds.named(LIMIT, this::limit),
                sluice("plain"),
                sluice(GZIP, "-compress"),
                sluice("zstd", "--compression", "zstd"),
                sluice("merged", "--merge-fields"),
                sluice("merged zstd", "--merge-fields", "--compression", "zstd")));
        cases.removeIf(one -> !wanted.isEmpty() && !one.name().equals(LIMIT) && !wanted.contains(one.name()));
        setting.inspect().ifPresent(tool -> {
            cases.add(original(ORIGINAL, tool));
            if (wanted.isEmpty() || wanted.contains(GZIP)) {
                cases.add(original(ORIGINAL_GZIP, tool, "-compress"));
            }
        });
        Results results = Rounds.measure(cases, setting.rounds());
        System.out.println("Export of %s of '%s': %.1f million values, medians of %d, %d processors; 1 MB = 10^6 bytes"
                .formatted(
                        extent.shown,
                        DataSet.MANY,
                        values / 1e6,
                        setting.rounds(),
                        Runtime.getRuntime().availableProcessors()));
        List<Results.Column> columns = new ArrayList<>(List.of(
                results.figure("wall s", "%.2f", WALL),
                results.figure("lines/s", "%.0f", LINE_RATE),
                results.figure("values/s", "%.0f", VALUE_RATE),
                results.ratio("of decode", "%.2f", VALUE_RATE, LIMIT),
                results.figure("text MB/s", "%.0f", TEXT_RATE),
                results.figure("stored MB", "%.0f", STORED),
                results.figure("CPU s", "%.1f", CPU),
                results.figure("peak MB", "%.0f", PEAK)));
        if (results.has(ORIGINAL)) {
            columns.add(results.ratio("as fast", "%.2f", VALUE_RATE, ORIGINAL));
            columns.add(results.ratio("as gzip", "%.2f", VALUE_RATE, ORIGINAL_GZIP));
        } else {
            System.out.println(
                    "influx_inspect is not here (INFLUX_INSPECT): the ratio is to decoding alone, in a warm JVM");
        }
        System.out.print(results.table(columns));
        results.writeTo(Setting.results(extent == Extent.SHARD ? "export" : "export-many"));
    }

    private Figures limit() throws Exception {
        long begun = System.nanoTime();
        values = DecodeLimit.run(extent.blocks(setting.there(DataSet.MANY)
                .home()
                .resolve("data")
                .resolve(DataSet.MANY)
                .resolve("days")));
        double seconds = (System.nanoTime() - begun) / 1e9;
        return new Figures().set(WALL, seconds).set(VALUE_RATE, values / seconds);
    }

    private Rounds.Case sluice(String name, String... more) {
        return Rounds.named(name, () -> {
            Program.Run run = Program.run(command(setting, extent.span(), out, more), Map.of());
            LastJson report = LastJson.of(run.out());
            return figures(run, Optional.of(report.get("lines")))
                    .set(TEXT_RATE, report.get("bytes") / 1e6 / run.wallSeconds());
        });
    }

    private Rounds.Case original(String name, Path tool, String... more) {
        List<String> command = new ArrayList<>(List.of(tool.toString(), "export"));
        command.addAll(directories(setting));
        command.addAll(extent.span());
        command.addAll(List.of("-out", out.toString()));
        command.addAll(Arrays.asList(more));
        return Rounds.named(name, () -> figures(Program.run(command, Map.of()), Optional.of(values)));
    }

    private Figures figures(Program.Run run, Optional<Double> lines) throws Exception {
        Figures figures = new Figures()
                .set(WALL, run.wallSeconds())
                .set(VALUE_RATE, values / run.wallSeconds())
                .set(CPU, run.cpuSeconds())
                .set(PEAK, run.peakBytes() / 1e6);
        lines.ifPresent(count -> figures.set(LINE_RATE, count / run.wallSeconds()));
        if (Files.isRegularFile(out)) {
            figures.set(STORED, Files.size(out) / 1e6);
            Files.delete(out);
        }
        return figures;
    }
}
