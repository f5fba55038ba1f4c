package dev.sluice.bench;

import dev.sluice.bench.data.DataSet;
import dev.sluice.bench.data.Influxd;
import dev.sluice.bench.measure.Figures;
import dev.sluice.bench.measure.LastJson;
import dev.sluice.bench.measure.Program;
import dev.sluice.bench.measure.Results;
import dev.sluice.bench.measure.Rounds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code bench/run import CASE...}: the same points by {@code influx -import} and by Sluice into one server, whose
 * database is made anew by each run's own statements.
 */
final class ImportBench {

    /** An hour and a quarter of the set: two million values. */
    private static final String END = "2026-11-16T01:14:59.999999999Z";

    private static final String ORIGINAL = "influx -import";
    private static final String WALL = "wall_s";
    private static final String LINE_RATE = "lines_per_s";
    private static final String VALUE_RATE = "values_per_s";
    private static final String CPU = "cpu_s";
    private static final String SERVER_CPU = "server_cpu_s";
    private static final String PEAK = "peak_MB";

    private static final Pattern COUNT = Pattern.compile("\"values\":\\[\\[[^,]*,(\\d+)");

    private final Setting setting;
    private final Influxd server;

    private ImportBench(Setting setting, Influxd server) {
        this.setting = setting;
        this.server = server;
    }

    /** @param wanted names of Sluice's cases; none for all */
    static void run(Setting setting, List<String> wanted) throws Exception {
        setting.withScratch(scratch -> {
            try (Influxd server = Influxd.start(setting.influxd(), scratch.resolve("server"))) {
                new ImportBench(setting, server).measure(scratch, wanted);
            }
        });
    }

    /**
     * Points to import.
     *
     * @param lines in the file
     * @param values of fields
     */
    private record Sample(Path file, double lines, double values) {}

    private Sample export(Path file, String... more) throws IOException, InterruptedException {
        LastJson report = LastJson.of(Program.run(ExportBench.command(setting, END, file, more), Map.of())
                .out());
        return new Sample(file, report.get("lines"), report.get("values"));
    }

    private void measure(Path scratch, List<String> wanted) throws Exception {
        Sample plain = export(scratch.resolve("plain.lp"));
        Sample merged = export(scratch.resolve("merged.lp"), "--merge-fields");
        Sample zipped = export(scratch.resolve("merged.lp.zst"), "--merge-fields", "--compression", "zstd");
        List<Rounds.Case> cases = new ArrayList<>(
                List.of(sluice("same file", plain), sluice("merged", merged), sluice("merged zstd", zipped)));
        cases.removeIf(one -> !wanted.isEmpty() && !wanted.contains(one.name()));
        cases.add(0, original(plain));
        Results results = Rounds.measure(cases, setting.rounds());
        System.out.println(
                "Import of %.2f million values, %.0f MB a value a line, %.0f MB merged; medians of %d, %d processors"
                        .formatted(
                                plain.values() / 1e6,
                                Files.size(plain.file()) / 1e6,
                                Files.size(merged.file()) / 1e6,
                                setting.rounds(),
                                Runtime.getRuntime().availableProcessors()));
        System.out.print(results.table(List.of(
                results.figure("wall s", "%.2f", WALL),
                results.figure("lines/s", "%.0f", LINE_RATE),
                results.figure("values/s", "%.0f", VALUE_RATE),
                results.ratio("as fast", "%.2f", VALUE_RATE, ORIGINAL),
                results.figure("CPU s", "%.1f", CPU),
                results.figure("server's", "%.1f", SERVER_CPU),
                results.figure("peak MB", "%.0f", PEAK))));
        results.writeTo(Setting.results("import"));
    }

    private Rounds.Case original(Sample sample) {
        return imported(
                ORIGINAL,
                sample,
                List.of(
                        setting.influxd().resolveSibling("influx").toString(),
                        "-import",
                        "-host",
                        server.http().host(),
                        "-port",
                        String.valueOf(server.http().port()),
                        "-path",
                        sample.file().toString()));
    }

    private Rounds.Case sluice(String name, Sample sample) {
        return imported(
                name,
                sample,
                List.of(
                        setting.sluice().toString(),
                        "import",
                        "--json",
                        "-host",
                        server.http().host(),
                        "-port",
                        String.valueOf(server.http().port()),
                        sample.file().toString()));
    }

    private Rounds.Case imported(String name, Sample sample, List<String> command) {
        return Rounds.named(name, () -> {
            double before = Program.cpuSecondsOf(server.pid());
            Program.Run run = Program.run(command, Map.of());
            double serverCpu = Program.cpuSecondsOf(server.pid()) - before;
            checkArrived();
            return new Figures()
                    .set(WALL, run.wallSeconds())
                    .set(LINE_RATE, sample.lines() / run.wallSeconds())
                    .set(VALUE_RATE, sample.values() / run.wallSeconds())
                    .set(CPU, run.cpuSeconds())
                    .set(SERVER_CPU, serverCpu)
                    .set(PEAK, run.peakBytes() / 1e6);
        });
    }

    /** An import that loses points is no measurement: 100 hosts wrote 450 times. Then the database goes. */
    private void checkArrived() throws IOException, InterruptedException {
        String answer = server.query("SELECT count(usage_idle) FROM %s.days.cpu".formatted(DataSet.MANY));
        Matcher count = COUNT.matcher(answer);
        if (!count.find() || Long.parseLong(count.group(1)) != 45_000) {
            throw new IOException("not all points arrived: " + answer);
        }
        server.query("DROP DATABASE " + DataSet.MANY);
    }
}
