package dev.sluice.cli.command;

import dev.sluice.cli.option.UsageError;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sluice help backup}. */
@CommandLine.Command(
        name = "help",
        description = "Show the help of a command.",
        customSynopsis = "sluice help [COMMAND]")
final class HelpCommand implements Command {

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

    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "Default: all commands.")
    private List<String> names = new ArrayList<>();

    HelpCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        CommandLine root = spec.commandLine().getParent();
        if (names.isEmpty()) {
            root.usage(context.out());
            return ExitCode.OK;
        }
        if (names.size() > 1) {
            throw new UsageError("help takes one command at a time", "As in 'sluice help backup'.");
        }
        CommandLine command = root.getSubcommands().get(names.get(0));
        if (command == null) {
            throw Cli.unknownCommand(names.get(0), root.getSubcommands().keySet());
        }
        command.usage(context.out());
        return ExitCode.OK;
    }
}
