package dev.sluice.cli.command;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code source <(sluice completion)}. */
@CommandLine.Command(
        name = "completion",
        description = "Print a completion script for bash and zsh: source <(sluice completion)",
        customSynopsis = "source <(sluice completion)")
final class CompletionCommand implements Command {

    private final Context context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    CompletionCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        context.out().print(AutoComplete.bash("sluice", spec.commandLine().getParent()));
        return ExitCode.OK;
    }
}
