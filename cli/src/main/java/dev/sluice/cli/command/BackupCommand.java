package dev.sluice.cli.command;

import dev.sluice.cli.option.CheckFlags;
import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.FlagHints;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.SelectionFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.Timeouts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sluice backup}: influxd's flags with their meaning, and what is new under long names. */
@CommandLine.Command(
        name = "backup",
        sortOptions = false,
        description = "Back up a running server.",
        customSynopsis = "sluice backup [-portable] [flags] PATH|-",
        parameterListHeading = "%n",
        optionListHeading = "%nFlags, with one dash or two, before or after PATH%n",
        footer = {
            "",
            "Examples",
            "  sluice backup -portable /backups/monday",
            "  sluice backup -portable -host db1:8088 -db telemetry --compression zstd:3 /backups/db1",
            "  sluice backup -portable -since 2026-01-31T00:00:00Z /backups/monday",
            "  sluice backup -db telemetry /backups/legacy",
            "  sluice backup - | ssh backup@host 'cat > monday.zst'"
        })
final class BackupCommand implements Command, FlagHints {

    private static final Set<String> OF_RESTORE = Set.of("online", "datadir", "metadir", "newdb", "newrp");

    private final Context context;

    @Parameters(
            arity = "0..*",
            paramLabel = "PATH",
            hideParamSyntax = true,
            description = "The directory that receives the backup; - for a stream archive on stdout.")
    private List<String> paths = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "-portable",
            description =
                    "Write the portable format. Without it the legacy one is written, as influxd does: raw archives, "
                            + "and without -db only the metastore.")
    private boolean portable;

    @Option(
            names = "-host",
            paramLabel = "HOST:PORT",
            defaultValue = "localhost:8088",
            converter = Values.Address.class,
            description = "The server's backup port. Default: localhost:8088.")
    @SuppressWarnings("NullAway.Init") // has a default
    private ServerAddress host;

    @Mixin
    private final SelectionFlags selection = new SelectionFlags();

    @Option(
            names = "-skip-errors",
            description = "Go on without a shard that cannot be read; ends with exit code 3 and names it.")
    private boolean skipErrors;

    @Option(
            names = "--compression",
            paramLabel = "CODEC",
            defaultValue = "gzip:1",
            converter = Values.Codec.class,
            description =
                    "gzip[:0-9], zstd[:-7-19] or none. Default: gzip:1; zstd for a stream. gzip:0 stores, which influxd reads too; "
                            + "zstd is smaller and faster, but influxd cannot read it.")
    @SuppressWarnings("NullAway.Init") // has a default
    private Compression compression;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "" + BackupRequest.DEFAULT_CONCURRENCY,
            converter = Concurrency.class,
            description = "How many shards are read side by side. Default: " + BackupRequest.DEFAULT_CONCURRENCY + ".")
    private int concurrency;

    @Option(
            names = "--retries",
            paramLabel = "N",
            defaultValue = "" + BackupRequest.DEFAULT_RETRIES,
            converter = Retries.class,
            description = "Attempts for a shard after its first one. Default: " + BackupRequest.DEFAULT_RETRIES + ".")
    private int retries;

    @Option(
            names = "--rate-limit",
            paramLabel = "RATE",
            converter = Values.Bytes.class,
            description = "At most so many bytes a second from the server, such as 200MB/s. Default: no limit.")
    private @Nullable Long rateLimit;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = Values.Span.class,
            description = "Longest silence of the server while data flows. Default: 60s.")
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
            description = "Checksum of each stored file in the manifest: crc32c (default) or sha256.")
    private Digest.@Nullable Algorithm digest;

    @Option(
            names = "--protocol",
            paramLabel = "VERSION",
            defaultValue = "1.5",
            converter = Values.BackupProtocol.class,
            description =
                    "What the server speaks: 1.4 for servers 1.0 to 1.4, which take another form of requests. Default: 1.5.")
    @SuppressWarnings("NullAway.Init") // has a default
    private Protocol protocol;

    @Mixin
    private final CheckFlags checks = new CheckFlags();

    @Mixin
    private final OutputFlags output = new OutputFlags();

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    BackupCommand(Context context) {
        this.context = context;
    }

    @Override
    public Optional<String> hintFor(String flag) {
        return OF_RESTORE.contains(flag)
                ? Optional.of("Did you mean restore? -" + flag
                        + " belongs to 'influxd restore'; some pages of the documentation have it wrong.")
                : Optional.empty();
    }

    @Override
    public int run() {
        OutputFlags.Output how = output.output();
        BackupRequest request = request();
        Context.require(request.to(), context.ends().out(), "stdout", "sluice backup - > backup.zst");
        Context around = request.to() instanceof End.Stream ? context.withDataOnStdout() : context;
        return CopyRun.backup(around, how, request, memory == null ? OptionalLong.empty() : OptionalLong.of(memory));
    }

    /** What the flags ask for. */
    BackupRequest request() {
        BackupRequest.Builder request = begin(path());
        request.selection(selection.selection())
                .checkBlocks(checks.blocks())
                .protocol(protocol)
                .concurrency(concurrency)
                .retries(retries)
                .skipErrors(skipErrors);
        if (rateLimit != null) {
            request.rateLimit(rateLimit);
        }
        if (timeout != null) {
            request.timeouts(Timeouts.DEFAULT.withIdle(timeout));
        }
        if (digest != null) {
            request.digest(digest);
        }
        return request.build();
    }

    private BackupRequest.Builder begin(String path) {
        if (path.equals("-")) {
            if (portable) {
                throw new UsageError(
                        "a stream is not a portable backup",
                        "Leave out -portable; './-' is a directory called '-'. 'sluice copy - DIR' makes one of a stream.");
            }
            return BackupRequest.stream(host).compression(streamed(spec, compression));
        }
        return portable ? BackupRequest.portable(host, Path.of(path)).compression(compression) : legacy(Path.of(path));
    }

    /** The compression of a stream: zstd unless another one was asked for. */
    static Compression streamed(CommandSpec command, Compression compression) {
        boolean asked = command.commandLine().getParseResult().hasMatchedOption("--compression");
        return asked || !compression.equals(Compression.GZIP) ? compression : Compression.ZSTD;
    }

    private BackupRequest.Builder legacy(Path directory) {
        boolean asked = spec.commandLine().getParseResult().hasMatchedOption("--compression");
        if (asked && compression.codec() != Compression.Codec.NONE) {
            throw new UsageError(
                    "--compression needs -portable",
                    "The legacy format, which is written without -portable, has no compression.");
        }
        return BackupRequest.legacy(host, directory);
    }

    private String path() {
        if (paths.size() != 1) {
            throw new UsageError(
                    paths.isEmpty()
                            ? "the path of the backup is missing"
                            : "one path is needed, %d were given: %s".formatted(paths.size(), String.join(", ", paths)),
                    "As in 'sluice backup -portable /backups/monday'; a path with spaces needs quotes.");
        }
        String path = paths.get(0);
        if (path.isBlank()) {
            throw new UsageError("the path of the backup is empty", "As in 'sluice backup -portable /backups/monday'.");
        }
        return path;
    }

    static final class Concurrency extends Values.Count {
        Concurrency() {
            super(1, 256);
        }
    }

    static final class Retries extends Values.Count {
        Retries() {
            super(0, 1000);
        }
    }
}
