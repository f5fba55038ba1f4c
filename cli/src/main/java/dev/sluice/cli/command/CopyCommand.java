package dev.sluice.cli.command;

import dev.sluice.cli.option.CheckFlags;
import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.SelectionFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.Timeouts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

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
            "  -                          a stream archive on stdin or stdout",
            "  DIR                        a directory whose format its content tells; a new one becomes portable",
            "",
            "Examples",
            "  sluice copy influxd://old:8088 influxd://new:8088",
            "  sluice copy /backups/legacy portable:/backups/portable",
            "  sluice copy data:/var/lib/influxdb/data /backups/cold"
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
            names = "--chain",
            description =
                    "Put portable runs of influxd with -since together, oldest first. Default: the newest counts.")
    private boolean chain;

    @Option(
            names = "-skip-errors",
            description = "Go on without a shard that cannot be copied; ends with exit code 3 and names it.")
    private boolean skipErrors;

    @Option(
            names = "--compression",
            paramLabel = "CODEC",
            defaultValue = "gzip:1",
            converter = Values.Codec.class,
            description =
                    "gzip[:0-9], zstd[:-7-19] or none, for a portable target or a stream. Default: gzip:1; zstd for a stream.")
    @SuppressWarnings("NullAway.Init") // has a default
    private Compression compression;

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
            description = "How many shards go side by side. Default: " + BackupRequest.DEFAULT_CONCURRENCY + ".")
    private int concurrency;

    @Option(
            names = "--retries",
            paramLabel = "N",
            defaultValue = "" + BackupRequest.DEFAULT_RETRIES,
            converter = BackupCommand.Retries.class,
            description = "Attempts for a shard after its first one. Default: " + BackupRequest.DEFAULT_RETRIES + ".")
    private int retries;

    @Option(
            names = "--rate-limit",
            paramLabel = "RATE",
            converter = Values.Bytes.class,
            description = "At most so many bytes a second from the source, such as 200MB/s. Default: no limit.")
    private @Nullable Long rateLimit;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = Values.Span.class,
            description = "Longest silence of a server while data flows. Default: 60s.")
    private @Nullable Duration timeout;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Values.Bytes.class,
            description = "At most so many bytes in flight, over all shards. Default: 32MiB.")
    private @Nullable Long memory;

    @Option(
            names = "--digest",
            paramLabel = "NAME",
            converter = Values.DigestName.class,
            description = "Checksum of each file in a portable manifest: crc32c (default) or sha256.")
    private Digest.@Nullable Algorithm digest;

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Where files with deletions are rewritten for a server, and data files are made of a stopped "
                    + "server's write-ahead log. Default: the system's temporary directory.")
    private @Nullable Path scratch;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

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
        Context.require(request.from(), context.ends().in(), "stdin", "sluice copy - DIR < backup.zst");
        Context.require(request.to(), context.ends().out(), "stdout", "sluice copy DIR - > backup.zst");
        Context around = request.to() instanceof End.Stream ? context.withDataOnStdout() : context;
        return CopyRun.copy(around, how, request, memory == null ? OptionalLong.empty() : OptionalLong.of(memory));
    }

    /** What the flags ask for. */
    CopyRequest request() {
        if (ends.size() != 2) {
            throw new UsageError(
                    "two ends are needed, FROM and TO; %d were given".formatted(ends.size()),
                    "As in 'sluice copy influxd://localhost:8088 /backups/monday'; a path with spaces needs quotes.");
        }
        End from = end(ends.get(0));
        End to = end(ends.get(1));
        if (from.equals(to) && !(from instanceof End.Stream)) {
            throw new UsageError("FROM and TO are the same: " + from, "Name another end to copy to.");
        }
        CopyRequest.Builder request = CopyRequest.of(from, to)
                .selection(selection.selection())
                .mapping(mapping(selection.selection()))
                .compression(to instanceof End.Stream ? BackupCommand.streamed(spec, compression) : compression)
                .checkBlocks(checks.blocks())
                .allowIncomplete(allowIncomplete)
                .chain(chain)
                .skipErrors(skipErrors)
                .concurrency(concurrency)
                .retries(retries);
        if (rateLimit != null) {
            request.rateLimit(rateLimit);
        }
        if (timeout != null) {
            request.timeouts(Timeouts.DEFAULT.withIdle(timeout));
        }
        if (scratch != null) {
            request.scratch(scratch);
        }
        if (digest != null) {
            request.digest(digest);
        }
        return request.build();
    }

    private static End end(String text) {
        try {
            return End.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UsageError(String.valueOf(e.getMessage()), "'sluice help copy' shows how ends are written.");
        }
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
