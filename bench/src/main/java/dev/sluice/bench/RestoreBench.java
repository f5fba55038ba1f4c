package dev.sluice.bench;

import dev.sluice.bench.data.Influxd;
import dev.sluice.bench.measure.Figures;
import dev.sluice.bench.measure.Program;
import dev.sluice.bench.measure.Results;
import dev.sluice.bench.measure.Rounds;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.wire.MetastoreAnswer;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * {@code bench/run restore DATABASE CASE...}: a bare writer, the original, and Sluice from backups with every codec or those
 * named, in turn, each to a server of its own that has just started, on a memory file system.
 */
final class RestoreBench {

    private static final String POUR = "pour";
    private static final String ORIGINAL = "influxd";
    private static final String OF_ORIGINAL = "its gzip";
    private static final String PLAIN = "none";
    private static final String INTO_EXISTING = "into existing";
    private static final String COUNTED = "none, counted";
    private static final String READ_BACK = "none, read back";
    private static final String STORED = "stored_MB";

    private final Setting setting;
    private final String database;
    private final Path scratch;
    private final long rawBytes;
    private final Pour pour;

    private RestoreBench(Setting setting, Influxd from, String database, Path scratch, List<String> wanted)
            throws Exception {
        this.setting = setting;
        this.database = database;
        this.scratch = scratch;
        Path archives = Files.createDirectory(scratch.resolve("archives"));
        this.rawBytes =
                new Drain(from.rpc(), Optional.of(archives)).run(database).bytes();
        this.pour = pour(from.rpc(), database, archives);
        backUp(List.of(setting.influxd().toString(), "backup", "-portable"), from, OF_ORIGINAL);
        for (Map.Entry<String, String> one : codecs().entrySet()) {
            if (!wanted.isEmpty()
                    && !wanted.contains(one.getKey())
                    && !one.getKey().equals(PLAIN)) {
                continue;
            }
            backUp(
                    List.of(setting.sluice().toString(), "backup", "-portable", "--compression", one.getValue()),
                    from,
                    one.getKey());
        }
    }

    private static Map<String, String> codecs() {
        return Map.of("zstd", "zstd:1", "gzip:0", "gzip:0", PLAIN, "none");
    }

    /** @param wanted names of Sluice's cases; none for all */
    static void run(Setting setting, String database, List<String> wanted) throws Exception {
        setting.serving(database, (scratch, server) -> {
            var bench = new RestoreBench(setting, server, database, scratch, wanted);
            server.close();
            bench.measure(wanted);
        });
    }

    private void measure(List<String> wanted) throws Exception {
        List<Rounds.Case> cases = new ArrayList<>(List.of(
                sluice(PLAIN),
                sluice("gzip:0"),
                sluice("zstd"),
                sluice(OF_ORIGINAL),
                intoExisting(),
                counted(),
                readBack()));
        cases.removeIf(one -> !wanted.isEmpty() && !wanted.contains(one.name()));
        cases.addAll(0, List.of(bareWriter(), original()));
        Results results = Rounds.measure(cases, setting.rounds());
        System.out.println("Restore of '%s': %.0f MB of shards, medians of %d, %d processors; 1 MB = 10^6 bytes"
                .formatted(
                        database,
                        rawBytes / 1e6,
                        setting.rounds(),
                        Runtime.getRuntime().availableProcessors()));
        System.out.print(results.table(List.of(
                results.figure("wall s", "%.2f", Trial.WALL),
                results.figure("MB/s", "%.0f", Trial.RATE),
                results.ratio("as fast", "%.2f", Trial.RATE, ORIGINAL),
                results.ratio("of pour", "%.2f", Trial.WALL, POUR),
                results.ratio("of none", "%.2f", Trial.WALL, PLAIN),
                results.figure("stored MB", "%.0f", STORED),
                results.figure("CPU s/GB", "%.1f", Trial.CPU),
                results.figure("server's", "%.1f", Trial.SERVER_CPU),
                results.figure("cores busy", "%.2f", Trial.BUSY),
                results.figure("peak MB", "%.0f", Trial.PEAK),
                results.figure("copy s", "%.2f", Trial.COPY))));
        results.writeTo(Setting.results("restore-" + database));
    }

    private Rounds.Case bareWriter() {
        return Rounds.named(
                POUR,
                () -> onServer(server -> {
                    double before = Program.cpuSecondsOf(server.pid());
                    double seconds = pour.into(server.rpc());
                    return new Figures()
                            .set(Trial.WALL, seconds)
                            .set(Trial.RATE, rawBytes / 1e6 / seconds)
                            .set(Trial.SERVER_CPU, (Program.cpuSecondsOf(server.pid()) - before) / (rawBytes / 1e9));
                }));
    }

    private Rounds.Case original() {
        return Rounds.named(
                ORIGINAL,
                () -> onServer(server ->
                        restore(List.of(setting.influxd().toString(), "restore", "-portable"), server, OF_ORIGINAL)));
    }

    private Rounds.Case sluice(String backup) {
        return Rounds.named(backup, () -> onServer(server -> restore(sluice(List.of()), server, backup)));
    }

    /** The server has every point already, in files of its own. */
    private Rounds.Case intoExisting() {
        return Rounds.named(INTO_EXISTING, () -> {
            setting.there(database).copyTo(home());
            return onServer(server -> restore(sluice(List.of("--into-existing")), server, PLAIN));
        });
    }

    /** Proved by the server's statistics. */
    private Rounds.Case counted() {
        return Rounds.named(
                COUNTED,
                () -> onServer(server ->
                        restore(sluice("counts", List.of("--http", server.http().toString())), server, PLAIN)));
    }

    private Rounds.Case readBack() {
        return Rounds.named(READ_BACK, () -> onServer(server -> restore(sluice("full", List.of()), server, PLAIN)));
    }

    private List<String> sluice(List<String> more) {
        return sluice("off", more);
    }

    private List<String> sluice(String verification, List<String> more) {
        List<String> command = new ArrayList<>(
                List.of(setting.sluice().toString(), "restore", "--verify-restore", verification, "--json"));
        command.addAll(more);
        return command;
    }

    private Figures restore(List<String> start, Influxd server, String backup) throws Exception {
        Path directory = backup(backup);
        return Trial.command(with(start, server, directory), Map.of(), server, rawBytes)
                .set(STORED, Setting.bytesIn(directory) / 1e6);
    }

    private void backUp(List<String> start, Influxd server, String name) throws Exception {
        Program.run(with(start, server, Files.createDirectories(backup(name))), Map.of());
    }

    private List<String> with(List<String> start, Influxd server, Path directory) {
        List<String> command = new ArrayList<>(start);
        command.addAll(List.of("-host", server.rpc().toString(), "-db", database, directory.toString()));
        return command;
    }

    private Path backup(String name) {
        return scratch.resolve("backups").resolve(name.replace(':', '-').replace(' ', '-'));
    }

    private Path home() {
        return scratch.resolve("target");
    }

    private interface OnServer {
        Figures run(Influxd server) throws Exception;
    }

    /** On what is in {@link #home()}, mostly nothing; removes it afterwards. */
    private Figures onServer(OnServer work) throws Exception {
        try (Influxd server = Influxd.start(setting.influxd(), home())) {
            return work.run(server);
        } finally {
            Setting.delete(home());
        }
    }

    private static Pour pour(ServerAddress from, String database, Path archives) throws IOException {
        List<ShardRef> shards = Drain.shards(from, database);
        ByteBuf answer = Unpooled.buffer();
        try (SocketChannel channel = Sockets.ask(from, new SnapshotRequest.MetastoreBackup())) {
            Sockets.readAll(channel, answer);
        }
        Metadata metadata = new DatabaseImport(
                        database,
                        database,
                        Optional.empty(),
                        Optional.empty(),
                        shards.stream().map(ShardRef::id).collect(Collectors.toSet()),
                        false,
                        false)
                .payload(MetastoreAnswer.decode(answer).metadata(), Instant.now());
        return new Pour(database, metadata, shards, archives);
    }
}
