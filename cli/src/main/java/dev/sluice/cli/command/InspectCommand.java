package dev.sluice.cli.command;

import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.SelectionFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.InspectRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice inspect}: what shards hold. */
@CommandLine.Command(
        name = "inspect",
        sortOptions = false,
        description = "Show the measurements, fields, times and sizes that a backup, a stream or a server holds.",
        customSynopsis = "sluice inspect [flags] PATH|-|HOST:PORT",
        parameterListHeading = "%n",
        optionListHeading = "%nFlags, with one dash or two, before or after PATH%n",
        footer = {
            "",
            "Values are those of fields, counted file by file: a point counts once for each of its fields, and",
            "again where a newer file overwrites it. A block of which everything is deleted does not count; one",
            "of which only a part is deleted counts as a whole. KEYS are fields of series.",
            "",
            "Ends with 4 if something is damaged, with 3 if something that is promised is not there.",
            "",
            "Examples",
            "  sluice inspect /backups/monday -shard 7",
            "  sluice inspect data:/var/lib/influxdb/data -db telemetry --index-only",
            "  sluice inspect monday.zst"
        })
final class InspectCommand implements Command {

    private final Context context;

    @Parameters(
            arity = "0..*",
            paramLabel = "PATH",
            hideParamSyntax = true,
            description = "A backup's directory, data:DIR of a stopped server, a stream's file or - for stdin, or a "
                    + "server's backup port.")
    private List<String> paths = new ArrayList<>();

    @Mixin
    private final SelectionFlags selection = new SelectionFlags();

    @Option(
            names = "--index-only",
            description = "Read no blocks: quick for data:DIR, but without the number of values and the encodings.")
    private boolean indexOnly;

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Room for the largest shard, except for data:DIR. Default: the system's temporary directory.")
    private @Nullable Path scratch;

    @Option(names = "--json", description = "One JSON object on stdout, with all measurements and fields.")
    private boolean json;

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    InspectCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        InspectRequest request = request();
        context.requireSource(request.from(), "sluice inspect - < backup.zst");
        return LookRun.inspect(context, json, request);
    }

    /** What the flags ask for. */
    private InspectRequest request() {
        if (paths.size() != 1) {
            throw new UsageError(
                    paths.isEmpty()
                            ? "what is to be looked into is missing"
                            : "one path is needed, %d were given: %s".formatted(paths.size(), String.join(", ", paths)),
                    "As in 'sluice inspect /backups/monday'; a path with spaces needs quotes.");
        }
        InspectRequest request = InspectRequest.of(Values.place(paths.get(0))).withSelection(selection.selection());
        if (scratch != null) {
            request = request.withScratch(scratch);
        }
        return indexOnly ? request.withoutValues() : request;
    }
}
