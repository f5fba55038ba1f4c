package dev.sluice.bench;

import dev.sluice.bench.data.DataSet;
import dev.sluice.bench.measure.Program;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Makes the set for long runs, {@value DataSet#LONG}: the shards of {@value DataSet#MANY} three times over, in a retention policy
 * for each time. Sluice's own merges into a live server do it, which takes seconds where writing points takes an hour.
 */
final class LongSet {

    private static final int TIMES = 3;

    private LongSet() {}

    /** Makes the set at its place, if it is not there. */
    static void make(Setting setting) throws Exception {
        DataSet made = setting.set(DataSet.LONG);
        if (made.isThere()) {
            System.err.println("The data set is there: " + made.home());
            return;
        }
        setting.serving(DataSet.MANY, (scratch, server) -> {
            Path backup = scratch.resolve("backup");
            Program.run(
                    command(
                            setting,
                            "backup",
                            "-portable",
                            "--compression",
                            "none",
                            "-host",
                            server.rpc().toString(),
                            "-db",
                            DataSet.MANY,
                            backup.toString()),
                    Map.of());
            server.query("CREATE DATABASE " + DataSet.LONG);
            for (int time = 1; time <= TIMES; time++) {
                Program.run(
                        command(
                                setting,
                                "restore",
                                "--into-existing",
                                "--verify-restore",
                                "off",
                                "--http",
                                server.http().toString(),
                                "-host",
                                server.rpc().toString(),
                                "-db",
                                DataSet.MANY,
                                "-rp",
                                "days",
                                "-newdb",
                                DataSet.LONG,
                                "-newrp",
                                "days" + time,
                                backup.toString()),
                        Map.of());
                System.err.printf("%s: %d of %d%n", DataSet.LONG, time, TIMES);
            }
            server.query("DROP DATABASE " + DataSet.MANY);
            server.query("DROP DATABASE " + DataSet.SINGLE);
            server.close();
            made.adopt(scratch.resolve("server"));
        });
        System.err.println("The data set is ready: " + made);
    }

    private static List<String> command(Setting setting, String... words) {
        List<String> command = new ArrayList<>(List.of(setting.sluice().toString()));
        command.addAll(Arrays.asList(words));
        return command;
    }
}
