package dev.sluice.cli.command;

import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.SelectionFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.model.End;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice list}: what there is. */
@CommandLine.Command(
        name = "list",
        sortOptions = false,
        description = "Show what is in a backup, a stream or on a running server.",
        customSynopsis = "sluice list [flags] PATH|-|HOST:PORT",
        parameterListHeading = "%n",
        optionListHeading = "%nFlags, with one dash or two, before or after PATH%n",
        footer = {"", "Ends with 3 if something that is promised is not there."})
final class ListCommand implements Command {

    private final Context context;

    @Parameters(
            arity = "0..*",
            paramLabel = "PATH",
            hideParamSyntax = true,
            description = "A backup's directory, a stream's file or - for stdin, or a server's backup port.")
    private List<String> paths = new ArrayList<>();

    @Mixin
    private final SelectionFlags selection = new SelectionFlags();

    @Option(names = "--json", description = "One JSON object on stdout.")
    private boolean json;

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    ListCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        if (paths.size() != 1) {
            throw new UsageError(
                    paths.isEmpty()
                            ? "what is to be listed is missing"
                            : "one path is needed, %d were given: %s".formatted(paths.size(), String.join(", ", paths)),
                    "As in 'sluice list /backups/monday'; a path with spaces needs quotes.");
        }
        End from = Values.place(paths.get(0));
        context.requireSource(from, "sluice list - < backup.zst");
        return LookRun.list(context, json, from, selection.selection());
    }
}
