package dev.sluice.bench;

import dev.sluice.bench.data.DataSet;
import dev.sluice.bench.data.Load;
import java.util.List;

/** {@code bench/run}: what there is to measure. Run from the top of the repository. */
public final class Main {

    private static final String USAGE = """
            Usage: bench/run load               make the data set, once; takes a quarter of an hour
                   bench/run backup [DATABASE [CASE...]]
                                            backups of '%s' or '%s'; default: both, with every codec
                   bench/run restore [DATABASE [CASE...]]
                                            restores to a server, in the same way
                   bench/run stream [CASE...]        backups to a pipe, beside a directory and a bare reader
                   bench/run verify [CASE...]        checks of archives, beside bare decompressors
                   bench/run export [CASE...]  a stopped server's directories to line protocol
                   bench/run import [CASE...]  line protocol into a server
            bench/README.md tells what the environment says.""".formatted(DataSet.MANY, DataSet.SINGLE);

    private Main() {}

    public static void main(String[] args) throws Exception {
        Setting setting = Setting.of(System.getenv());
        switch (args.length == 0 ? "" : args[0]) {
            case "load" -> Load.into(setting.set(), setting.influxd(), setting.memory());
            case "backup" -> onEach(args, (database, cases) -> BackupBench.run(setting, database, cases));
            case "restore" -> onEach(args, (database, cases) -> RestoreBench.run(setting, database, cases));
            case "stream" -> StreamBench.run(setting, List.of(args).subList(1, args.length));
            case "verify" -> VerifyBench.run(setting, List.of(args).subList(1, args.length));
            case "export" -> ExportBench.run(setting, List.of(args).subList(1, args.length));
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

    private static void onEach(String[] args, Bench bench) throws Exception {
        for (String database : args.length > 1 ? List.of(args[1]) : List.of(DataSet.MANY, DataSet.SINGLE)) {
            bench.run(database, List.of(args).subList(Math.min(2, args.length), args.length));
        }
    }
}
