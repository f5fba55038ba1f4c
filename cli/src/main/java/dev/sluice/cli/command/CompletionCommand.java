package dev.sluice.cli.command;

import dev.sluice.cli.option.UsageError;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code source <(sluice completion)}. */
@CommandLine.Command(
        name = "completion",
        description = "Print a completion script for bash and zsh: source <(sluice completion)",
        customSynopsis = "source <(sluice completion [bash|zsh])")
final class CompletionCommand implements Command {

    private static final Set<String> SHELLS = Set.of("bash", "zsh");

    private final Context context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "bash|zsh", description = "The shell. One script serves both.")
    private @Nullable String shell;

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
        if (shell != null && !SHELLS.contains(shell)) {
            throw new UsageError(
                    "there is no completion for '%s'".formatted(shell),
                    "There is one script for bash and zsh: source <(sluice completion).");
        }
        context.out().print(AutoComplete.bash("sluice", spec.commandLine().getParent()));
        return ExitCode.OK;
    }
}
