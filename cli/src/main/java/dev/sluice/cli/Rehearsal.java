package dev.sluice.cli;

import dev.sluice.cli.command.Cli;
import dev.sluice.cli.command.Context;
import java.nio.file.Path;
import java.util.List;

/**
 * What the launcher has Java watch, once, to learn which classes the commands need: small commands, one after the other,
 * in one process.
 */
public final class Rehearsal {

    private Rehearsal() {}

    /** @param args an empty directory for what the commands write */
    public static void main(String[] args) {
        var cli = new Cli(Context.ofProcess());
        commands(Path.of(args[0])).forEach(words -> cli.run(words.toArray(String[]::new)));
        System.exit(0); // how they end is of no interest
    }

    private static List<List<String>> commands(Path work) {
        String backup = work.resolve("kept/backup").toString();
        String zstd = work.resolve("zstd").toString();
        String none = work.resolve("none").toString();
        String lines = work.resolve("lines").toString();
        return List.of(
                List.of("--version"),
                List.of("completion"),
                List.of(
                        "demo",
                        "--no-progress",
                        "--size",
                        "1MB",
                        "--keep",
                        work.resolve("kept").toString()),
                List.of("copy", "--quiet", "--compression", "zstd", backup, zstd),
                List.of("copy", "--quiet", "--compression", "none", zstd, none),
                List.of("verify", none),
                List.of("list", none),
                List.of("export", "--from", none, "-out", lines),
                // Nobody is there; the classes that would speak to an HTTP server are asked for all the same.
                List.of("import", "-path", lines, "-host", "127.0.0.1", "-port", "1", "--retries", "0"));
    }
}
