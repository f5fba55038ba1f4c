package dev.sluice.cli.command;

import dev.sluice.cli.option.CheckFlags;
import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.PaceFlags;
import dev.sluice.cli.option.ReadingFlags;
import dev.sluice.cli.option.SelectionFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.UserFlags;
import dev.sluice.cli.option.Values;
import dev.sluice.cli.option.WritingFlags;
import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.LineCopyRequest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice copy}: from any end to any other. */
@CommandLine.Command(
        name = "copy",
        sortOptions = false,
        description = "Copy from any end to any other.",
        customSynopsis = "sluice copy [flags] FROM TO",
        parameterListHeading = "%n",
        optionListHeading = "%nFlags, with one dash or two, before or after the ends%n",
        footer = {
            "",
            "Ends",
            "  influxd://HOST:8088        a running server, by its backup port",
            "  portable:DIR, legacy:DIR   a backup",
            "  data:DIR[?meta=DIR&wal=DIR]  the directories of a stopped server; meta and wal lie beside DIR by default",
            "  http://HOST:8086           the same or another server by its HTTP API: takes points, whatever its shards are",
            "  -                          a stream archive on stdin or stdout",
            "  stream:FILE                a stream archive kept as a file, to copy from",
            "  PATH                       a directory whose format its content tells; a new one becomes portable;",
            "                             to copy from also a file, which is a stream archive",
            "",
            "Examples",
            "  sluice copy influxd://old:8088 influxd://new:8088",
            "  sluice copy /backups/legacy portable:/backups/portable",
            "  sluice copy data:/var/lib/influxdb/data /backups/cold",
            "  sluice copy -db telemetry /backups/monday http://other:8086"
        })
final class CopyCommand implements Command {

    private final Context context;

    @Parameters(
            arity = "0..*",
            paramLabel = "FROM TO",
            hideParamSyntax = true,
            description = "What is copied, and where.")
    private List<String> ends = new ArrayList<>();

    @Mixin
    private final SelectionFlags selection = new SelectionFlags();

    @Option(
            names = "-newdb",
            paramLabel = "NAME",
            converter = Values.Name.class,
            description = "The database's name at its new place; needs -db, and a server or its directories.")
    private @Nullable String newDatabase;

    @Option(
            names = "-newrp",
            paramLabel = "NAME",
            converter = Values.Name.class,
            description = "The retention policy's name at its new place; needs -rp.")
    private @Nullable String newPolicy;

    @Option(
            names = "-skip-errors",
            description = "Go on without a shard that cannot be copied; ends with exit code 3 and names it.")
    private boolean skipErrors;

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Where files with deletions are rewritten for a server, and data files are made of a stopped "
                    + "server's write-ahead log. Default: the system's temporary directory.")
    private @Nullable Path scratch;

    @Option(
            names = "--rejects",
            paramLabel = "FILE",
            description = "To http:// only: receives the points that the server does not take, with their reason.")
    private @Nullable Path rejects;

    @Mixin
    private final UserFlags user = new UserFlags();

    @Mixin
    private final WritingFlags writing = new WritingFlags();

    @Mixin
    private final ReadingFlags reading = new ReadingFlags();

    @Mixin
    private final PaceFlags pace = new PaceFlags();

    @Mixin
    private final CheckFlags checks = new CheckFlags();

    @Mixin
    private final OutputFlags output = new OutputFlags();

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    CopyCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        OutputFlags.Output how = output.output();
        CopyRequest request = request();
        context.requireSource(request.from(), "sluice copy - DIR < backup.zst");
        Context.require(request.to(), context.ends().out(), "stdout", "sluice copy DIR - > backup.zst");
        if (request.to() instanceof End.Http http) {
            return TransferRun.copyLines(context, how, asPoints(request, http), writing.memory());
        }
        if (rejects != null) {
            throw new UsageError("--rejects is for points, and %s takes none".formatted(request.to()), "Leave it out.");
        }
        Context around = request.to() instanceof End.Stream ? context.withDataOnStdout() : context;
        return CopyRun.copy(around, how, request, writing.memory());
    }

    @Override
    public boolean dataOnStdout() {
        return ends.lastIndexOf("-") > 0;
    }

    private LineCopyRequest asPoints(CopyRequest request, End.Http to) {
        if (request.pace().rateLimit().isPresent()) {
            throw new UsageError(
                    "--rate-limit is for archives", "'sluice export', then 'sluice import -pps N' limits points.");
        }
        var access = new HttpAccess(to.endpoint(), user.credentials(context.environment()));
        LineCopyRequest lines = LineCopyRequest.of(request, access);
        return rejects == null ? lines : lines.withRejects(rejects);
    }

    /** What the flags ask for. */
    CopyRequest request() {
        if (ends.size() != 2) {
            throw new UsageError(
                    "two ends are needed, FROM and TO; %d were given".formatted(ends.size()),
                    "As in 'sluice copy influxd://localhost:8088 /backups/monday'; a path with spaces needs quotes.");
        }
        End from = Values.end(ends.get(0));
        End to = Values.end(ends.get(1));
        if (from.equals(to) && !(from instanceof End.Stream)) {
            throw new UsageError("FROM and TO are the same: " + from, "Name another end to copy to.");
        }
        boolean backup = !(to instanceof End.Live || to instanceof End.Data || to instanceof End.Http);
        CopyRequest.Builder request = CopyRequest.of(from, to)
                .selection(selection.selection())
                .mapping(mapping(selection.selection()))
                .compression(to instanceof End.Stream ? writing.streamed() : writing.compression())
                .checkBlocks(checks.blocks())
                .allowIncomplete(reading.allowIncomplete())
                .chain(reading.chain())
                .skipErrors(skipErrors)
                .pace(backup ? pace.ofBackup() : pace.pace());
        writing.digest().ifPresent(request::digest);
        if (scratch != null) {
            request.scratch(scratch);
        }
        return request.build();
    }

    private Mapping mapping(Selection from) {
        if (newDatabase != null && from.database().isEmpty() && from.shard().isEmpty()) {
            throw new UsageError("-newdb needs -db", "Say which database gets the new name.");
        }
        if (newPolicy != null && from.policy().isEmpty() && from.shard().isEmpty()) {
            throw new UsageError("-newrp needs -rp", "Say which retention policy gets the new name.");
        }
        return new Mapping(Optional.ofNullable(newDatabase), Optional.ofNullable(newPolicy));
    }
}
