package dev.sluice.cli.command;

import dev.sluice.cli.option.FlagHints;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sluice} itself. */
@CommandLine.Command(
        name = "sluice",
        header = "Backs up InfluxDB 1.x, all shards at once.%n",
        customSynopsis = "sluice COMMAND [flags]",
        optionListHeading = "%nFlags%n",
        commandListHeading = "%nCommands%n",
        footer = {
            "",
            "Exit codes: 0 all done, 1 failed, 2 bad usage, 3 something is missing, 4 damaged,",
            "130 interrupted, 143 terminated."
        })
final class RootCommand implements Command, FlagHints {

    private final Context context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(names = "--version", description = "Show the version.")
    private boolean version;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    RootCommand(Context context) {
        this.context = context;
    }

    @Override
    public Optional<String> hintFor(String flag) {
        return Optional.of("Name a command first, as in 'sluice backup -portable DIR'; 'sluice --help' lists them.");
    }

    @Override
    public int run() {
        if (version) {
            context.out().println("sluice " + Version.ofSluice());
            context.out().println(Version.ofSurroundings());
            return ExitCode.OK;
        }
        spec.commandLine().usage(context.err());
        return ExitCode.USAGE;
    }
}
