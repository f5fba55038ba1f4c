package dev.sluice.engine;

import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.testkit.CuttingProxy;
import dev.sluice.engine.testkit.CuttingProxy.Fault;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;

/**
 * A real server with data, and something in its way that the original backup takes for a success. Any tool can be let
 * loose on {@link #address()}; each scenario may serve several runs, one after the other, with {@link #afresh()} between
 * them.
 */
final class DefectScenario implements AutoCloseable {

    static final String DATABASE = "db";

    /** Bytes of the shard's tar that pass before a cut; well inside the first TSM file. */
    static final long CUT = 100_000;

    private static final Instant DAY = Instant.parse("2026-01-05T00:00:00Z");

    private final RealInfluxd server;
    private final List<Rule> rules = new ArrayList<>();
    private CuttingProxy proxy;

    private record Rule(Predicate<CuttingProxy.Conversation> when, Fault fault) {}

    private DefectScenario(RealInfluxd.Binary binary) {
        this.server = RealInfluxd.started(binary);
        this.proxy = CuttingProxy.to(server.rpcAddress());
        server.createDatabase(DATABASE);
    }

    /** Shard 1 ends with a clean close after {@link #CUT} bytes, each time. */
    static DefectScenario cleanCloseInsideAShard(RealInfluxd.Binary binary) {
        var scenario = new DefectScenario(binary).writeBigShard();
        return scenario.rule(CuttingProxy.shard(1), Fault.close(CUT));
    }

    /** Shard 1 has two files, and ends with a clean close exactly between them, each time. */
    static DefectScenario cleanCloseBetweenTwoFiles(RealInfluxd.Binary binary) {
        var scenario = new DefectScenario(binary).writeMorning().writeAfternoon();
        long firstEntry = 512 + (scenario.firstFileSize() + 511) / 512 * 512;
        return scenario.rule(CuttingProxy.shard(1), Fault.close(firstEntry));
    }

    /** The first attempt at shard 1 is reset after {@link #CUT} bytes, the second is good. */
    static DefectScenario resetThenAGoodAttempt(RealInfluxd.Binary binary) {
        var scenario = new DefectScenario(binary).writeBigShard();
        return scenario.rule(CuttingProxy.shard(1).and(CuttingProxy.attempt(1)), Fault.reset(CUT));
    }

    /** Of two shards the second never yields a byte. */
    static DefectScenario unreachableShard(RealInfluxd.Binary binary) {
        var scenario = new DefectScenario(binary).writeMorning();
        scenario.server.write(DATABASE, points("late", DAY.plusSeconds(86_400 * 14), 1));
        return scenario.rule(CuttingProxy.shard(2), Fault.close(0));
    }

    /** One shard, one file with the points of 00:00 to 00:59, another with those of 10:00 to 10:59. */
    static DefectScenario morningAndAfternoon(RealInfluxd.Binary binary) {
        return new DefectScenario(binary).writeMorning().writeAfternoon();
    }

    /** One file of a shard has points and a tombstone beside it. */
    static DefectScenario tombstone(RealInfluxd.Binary binary) {
        var scenario = new DefectScenario(binary);
        scenario.server.write(DATABASE, points("deleted", DAY, 60));
        scenario.writeMorning();
        scenario.server.query("DELETE FROM deleted", DATABASE);
        return scenario;
    }

    private DefectScenario writeBigShard() {
        var random = new Random(1);
        var lines = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            lines.append("m f=")
                    .append(random.nextDouble())
                    .append(' ')
                    .append(nanos(DAY.plusSeconds(i)))
                    .append('\n');
        }
        server.write(DATABASE, lines.toString());
        return this;
    }

    private DefectScenario writeMorning() {
        server.write(DATABASE, points("m", DAY, 60));
        return flush();
    }

    private DefectScenario writeAfternoon() {
        server.write(DATABASE, points("m", DAY.plusSeconds(36_000), 60));
        return flush();
    }

    private static String points(String measurement, Instant start, int count) {
        var lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(measurement)
                    .append(" f=")
                    .append(i)
                    .append(' ')
                    .append(nanos(start.plusSeconds(60L * i)))
                    .append('\n');
        }
        return lines.toString();
    }

    private static long nanos(Instant time) {
        return time.getEpochSecond() * 1_000_000_000L;
    }

    /** A backup makes the server write its cache to a TSM file of its own. */
    private DefectScenario flush() {
        try {
            Path directory = Files.createTempDirectory("sluice-flush-");
            try {
                ToolRun run = server.influxdBackup("-portable", "-db", DATABASE, directory.toString());
                if (run.exitCode() != 0) {
                    throw new IllegalStateException(run.output());
                }
            } finally {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
                    for (Path file : files) {
                        Files.delete(file);
                    }
                }
                Files.delete(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Whether no compaction has taken the tombstone away yet. */
    boolean hasTombstone() {
        return Files.exists(shard().resolve("000000001-000000001.tombstone"));
    }

    private Path shard() {
        return server.dataDir().resolve(DATABASE).resolve("autogen").resolve("1");
    }

    private long firstFileSize() {
        try {
            return Files.size(shard().resolve("000000001-000000001.tsm"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private DefectScenario rule(Predicate<CuttingProxy.Conversation> when, Fault fault) {
        rules.add(new Rule(when, fault));
        proxy.when(when, fault);
        return this;
    }

    /** Counts attempts from the beginning again, for the next tool. */
    DefectScenario afresh() {
        proxy.close();
        proxy = CuttingProxy.to(server.rpcAddress());
        rules.forEach(rule -> proxy.when(rule.when(), rule.fault()));
        return this;
    }

    RealInfluxd server() {
        return server;
    }

    /** What stands between a tool and the server. */
    CuttingProxy proxy() {
        return proxy;
    }

    /** What a tool is to back up from. */
    ServerAddress address() {
        return proxy.address();
    }

    /** The original's portable backup of the database through all that is in its way. */
    ToolRun original(Path directory, String... flags) {
        var args = new ArrayList<>(List.of("-portable", "-db", DATABASE));
        args.addAll(List.of(flags));
        args.add(directory.toString());
        return server.influxdBackupFrom(address(), args.toArray(String[]::new));
    }

    /** What a server has after the original has restored this directory; the tool's own end comes with it. */
    Restored restored(Path directory) {
        try (RealInfluxd second = RealInfluxd.started(server.binary())) {
            ToolRun run = second.influxdRestore("-portable", directory.toString());
            return new Restored(run, run.exitCode() == 0 ? rows(second) : List.of());
        }
    }

    record Restored(ToolRun run, List<String> rows) {}

    /** All rows of the source itself. */
    List<String> rows() {
        return rows(server);
    }

    private static List<String> rows(RealInfluxd server) {
        return server.rows("SELECT * FROM /.*/", DATABASE);
    }

    /** The tar of a shard in a portable directory, decompressed. */
    static byte[] tarOfShard(Path directory, long shard) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.s" + shard + ".tar.gz")) {
            try (var in =
                    new GZIPInputStream(Files.newInputStream(files.iterator().next()))) {
                return in.readAllBytes();
            }
        }
    }

    @Override
    public void close() {
        proxy.close();
        server.close();
    }
}
