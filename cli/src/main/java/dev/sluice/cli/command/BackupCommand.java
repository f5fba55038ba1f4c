package dev.sluice.cli.command;

import dev.sluice.cli.option.CheckFlags;
import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.FlagHints;
import dev.sluice.cli.option.HttpFlags;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.PaceFlags;
import dev.sluice.cli.option.SelectionFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.cli.option.WritingFlags;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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

    @Mixin
    private final WritingFlags writing = new WritingFlags();

    @Mixin
    private final PaceFlags pace = new PaceFlags();

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
    private final HttpFlags http = new HttpFlags();

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
        return CopyRun.backup(around, how, request, writing.memory());
    }

    @Override
    public boolean dataOnStdout() {
        return paths.contains("-");
    }

    /** What the flags ask for. */
    BackupRequest request() {
        BackupRequest.Builder request = begin(path());
        request.selection(selection.selection())
                .checkBlocks(checks.blocks())
                .protocol(protocol)
                .pace(pace.ofBackup())
                .skipErrors(skipErrors);
        writing.digest().ifPresent(request::digest);
        HttpAccess[] access = http.access(context.environment());
        if (access.length > 1) {
            throw new UsageError(
                    "--http has %d addresses, and one server is backed up".formatted(access.length), "Give one.");
        }
        for (HttpAccess one : access) {
            request.http(one);
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
            return BackupRequest.stream(host).compression(writing.streamed());
        }
        return portable
                ? BackupRequest.portable(host, Path.of(path)).compression(writing.compression())
                : legacy(Path.of(path));
    }

    private BackupRequest.Builder legacy(Path directory) {
        if (writing.compressionAsked() && writing.compression().codec() != Compression.Codec.NONE) {
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
}
