package dev.sluice.cli.command;

import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.SelectionFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.VerifyRequest;
import dev.sluice.engine.model.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
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
            "Ends with 0 if all is sound, with 4 if something is damaged, with 3 if something is missing.",
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
            description = "A backup's directory, - for a stream on stdin, or a server's backup port.")
    private List<String> paths = new ArrayList<>();

    @Mixin
    private final SelectionFlags selection = new SelectionFlags();

    @Option(names = "--deep", description = "Decode the values of string blocks too, which takes longer.")
    private boolean deep;

    @Option(
            names = "--chain",
            description =
                    "Put portable runs of influxd with -since together, oldest first. Default: the newest counts.")
    private boolean chain;

    @Option(
            names = "--allow-incomplete",
            description =
                    "Of a stream that is cut short or damaged, take what had arrived whole; ends with exit code 3 or 4.")
    private boolean allowIncomplete;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "" + BackupRequest.DEFAULT_CONCURRENCY,
            converter = BackupCommand.Concurrency.class,
            description = "How many shards are read side by side. Default: " + BackupRequest.DEFAULT_CONCURRENCY + ".")
    private int concurrency;

    @Option(
            names = "--retries",
            paramLabel = "N",
            defaultValue = "" + BackupRequest.DEFAULT_RETRIES,
            converter = BackupCommand.Retries.class,
            description = "Attempts for a server's shard after its first one. Default: " + BackupRequest.DEFAULT_RETRIES
                    + ".")
    private int retries;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = Values.Span.class,
            description = "Longest silence of a server while data flows. Default: 60s.")
    private @Nullable Duration timeout;

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
        Context.require(request.from(), context.ends().in(), "stdin", "sluice verify - < backup.zst");
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
                chain,
                allowIncomplete,
                concurrency,
                retries,
                timeout == null ? Timeouts.DEFAULT : Timeouts.DEFAULT.withIdle(timeout));
    }
}
