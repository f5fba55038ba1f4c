package dev.sluice.cli.command;

import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.PaceFlags;
import dev.sluice.cli.option.ReadingFlags;
import dev.sluice.cli.option.SelectionFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.VerifyRequest;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice verify}: any source, checked down to every block. */
@CommandLine.Command(
        name = "verify",
        sortOptions = false,
        description = "Check a backup, a stream or a running server, down to every block of every TSM file.",
        customSynopsis = "sluice verify [flags] PATH|-|HOST:PORT",
        parameterListHeading = "%n",
        optionListHeading = "%nFlags, with one dash or two, before or after PATH%n",
        footer = {
            "",
            "Ends with 0 if all is sound, with 4 if something is damaged, with 3 if something is missing or cannot be read.",
            "",
            "Examples",
            "  sluice verify /backups/monday",
            "  zcat backup.gz | sluice verify -",
            "  sluice verify --deep -db telemetry localhost:8088"
        })
final class VerifyCommand implements Command {

    private final Context context;

    @Parameters(
            arity = "0..*",
            paramLabel = "PATH",
            hideParamSyntax = true,
            description = "A backup's directory, a stream's file or - for stdin, or a server's backup port.")
    private List<String> paths = new ArrayList<>();

    @Mixin
    private final SelectionFlags selection = new SelectionFlags();

    @Option(names = "--deep", description = "Decode the values of string blocks too, which takes longer.")
    private boolean deep;

    @Mixin
    private final ReadingFlags reading = new ReadingFlags();

    @Mixin
    private final PaceFlags pace = new PaceFlags();

    @Mixin
    private final OutputFlags output = new OutputFlags();

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    VerifyCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        OutputFlags.Output how = output.output();
        VerifyRequest request = request();
        context.requireSource(request.from(), "sluice verify - < backup.zst");
        return CopyRun.verify(context, how, request);
    }

    /** What the flags ask for. */
    VerifyRequest request() {
        if (paths.size() != 1) {
            throw new UsageError(
                    paths.isEmpty()
                            ? "what is to be checked is missing"
                            : "one path is needed, %d were given: %s".formatted(paths.size(), String.join(", ", paths)),
                    "As in 'sluice verify /backups/monday'; a path with spaces needs quotes.");
        }
        return new VerifyRequest(
                Values.place(paths.get(0)),
                selection.selection(),
                deep,
                reading.chain(),
                reading.allowIncomplete(),
                pace.pace());
    }
}
