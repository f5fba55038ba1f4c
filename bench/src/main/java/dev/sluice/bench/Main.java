package dev.sluice.bench;

import dev.sluice.bench.data.DataSet;
import dev.sluice.bench.data.Load;
import java.util.List;

/** {@code bench/run}: what there is to measure. Run from the top of the repository. */
public final class Main {

    private static final String USAGE = """
            Usage: bench/run load           make the data sets, once; takes a quarter of an hour
                   bench/run backup [DATABASE [CASE...]]
                                            backups with every codec, beside the original and bare readers
                   bench/run restore [DATABASE [CASE...]]
                                            restores to a server, beside the original and a bare writer
                   bench/run stream [DATABASE [CASE...]]
                                            backups to a pipe, beside a directory and a bare reader
                   bench/run verify [DATABASE [CASE...]]
                                            checks of archives, beside bare decompressors
                   bench/run export [shard|many [CASE...]]
                                            a stopped server's directories to line protocol; one shard where nothing is named
                   bench/run import [CASE...]
                                            line protocol into a server
            DATABASE is '%s' (where none is named), '%s' or '%s'; a CASE is a line of the table.
            bench/README.md tells what the environment says.""".formatted(DataSet.MANY, DataSet.SINGLE, DataSet.LONG);

    private Main() {}

    public static void main(String[] args) throws Exception {
        Setting setting = Setting.of(System.getenv());
        switch (args.length == 0 ? "" : args[0]) {
            case "load" -> {
                Load.into(setting.set(DataSet.MANY), setting.influxd(), setting.memory());
                LongSet.make(setting);
            }
            case "backup" -> on(args, (database, cases) -> BackupBench.run(setting, database, cases));
            case "restore" -> on(args, (database, cases) -> RestoreBench.run(setting, database, cases));
            case "stream" -> on(args, (database, cases) -> StreamBench.run(setting, database, cases));
            case "verify" -> on(args, (database, cases) -> VerifyBench.run(setting, database, cases));
            case "export" ->
                ExportBench.run(
                        setting,
                        ExportBench.Extent.of(args.length > 1 ? args[1] : "shard"),
                        List.of(args).subList(Math.min(2, args.length), args.length));
            case "import" -> ImportBench.run(setting, List.of(args).subList(1, args.length));
            default -> {
                System.err.println(USAGE);
                System.exit(2);
            }
        }
    }

    private interface Bench {
        void run(String database, List<String> cases) throws Exception;
    }

    private static void on(String[] args, Bench bench) throws Exception {
        String database = args.length > 1 ? args[1] : DataSet.MANY;
        bench.run(database, List.of(args).subList(Math.min(2, args.length), args.length));
    }
}
