package dev.sluice.cli.command;

import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice demo}: the main job on a machine that has no server. */
@CommandLine.Command(
        name = "demo",
        sortOptions = false,
        description =
                "Make sample data, serve it, back it up, restore it to a second server: the whole way with no server needed.",
        customSynopsis = "sluice demo [--keep DIR] [--size 64MB]",
        optionListHeading = "%nFlags%n")
final class DemoCommand implements Command {

    private final Context context;

    @Option(
            names = "--keep",
            paramLabel = "DIR",
            description = "Leave everything in this directory, which must be new or empty. Default: a temporary one.")
    private @Nullable Path keep;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            defaultValue = "64MB",
            converter = Values.Bytes.class,
            description = "How much sample data, about. Default: 64MB.")
    private long size;

    @Option(names = "--quiet", description = "Only what went wrong.")
    private boolean quiet;

    @Option(names = "--no-progress", description = "Plain lines instead of the progress area.")
    private boolean noProgress;

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    @Parameters(arity = "0..*", hidden = true)
    private List<String> words = new ArrayList<>();

    DemoCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        if (!words.isEmpty()) {
            throw new UsageError(
                    "demo takes no path, but there is '%s'".formatted(words.get(0)),
                    "To keep what it makes, write 'sluice demo --keep %s'.".formatted(words.get(0)));
        }
        Output how = quiet ? Output.QUIET : noProgress ? Output.PLAIN : Output.NORMAL;
        return new DemoRun(context, size, how).run(Optional.ofNullable(keep));
    }
}
