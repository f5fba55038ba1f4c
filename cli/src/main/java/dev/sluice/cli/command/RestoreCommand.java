package dev.sluice.cli.command;

import dev.sluice.cli.option.CheckFlags;
import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.Given;
import dev.sluice.cli.option.HttpFlags;
import dev.sluice.cli.option.OfflineFlags;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.PaceFlags;
import dev.sluice.cli.option.ReadingFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.VerifyRequest;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.Verification;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code sluice restore}: influxd's flags with their meaning, and what is new under long names. */
@CommandLine.Command(
        name = "restore",
        sortOptions = false,
        description = "Restore a backup to a running server.",
        customSynopsis = "sluice restore [flags] PATH|-",
        parameterListHeading = "%n",
        optionListHeading = "%nFlags, with one dash or two, before or after PATH%n",
        footer = {
            "",
            "Examples",
            "  sluice restore -portable /backups/monday",
            "  sluice restore -host db1:8088,db2:8088 /backups/monday",
            "  sluice restore -portable -host db2:8088 -db telemetry -newdb telemetry_old /backups/db1"
        })
final class RestoreCommand implements Command {

    /** What a stopped server has no use for. */
    private static final List<String> OF_RUNNING =
            List.of("-host", "--http", "-username", "-password", "--cleanup-on-failure", "--verify-restore");

    private final Context context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "PATH",
            hideParamSyntax = true,
            description =
                    "The backup's directory, or a stream archive: its file, or - for stdin. portable:DIR, legacy:DIR, "
                            + "stream:FILE and data:DIR say which it is.")
    private List<String> paths = new ArrayList<>();

    @Option(
            names = "-portable",
            description = "The backup has the portable format. Default: told from what lies in PATH.")
    private boolean portable;

    @Option(names = "-online", description = "The backup has the legacy format.")
    private boolean online;

    @Option(
            names = "-host",
            paramLabel = "HOST:PORT",
            defaultValue = "localhost:8088",
            converter = Values.Address.class,
            split = ",",
            description =
                    "The server's backup port. Default: localhost:8088. Several, with commas between them, all get "
                            + "the same.")
    @SuppressWarnings("NullAway.Init") // has a default
    private ServerAddress[] hosts;

    @Option(
            names = {"-db", "-database"},
            paramLabel = "NAME",
            converter = Values.Name.class,
            description = "Only this database. Default: all but _internal.")
    private @Nullable String database;

    @Option(
            names = "-newdb",
            paramLabel = "NAME",
            converter = Values.Name.class,
            description = "Its name on the server; needs -db. Default: the same.")
    private @Nullable String newDatabase;

    @Option(
            names = {"-rp", "-retention"},
            paramLabel = "NAME",
            converter = Values.Name.class,
            description = "Only this retention policy; needs -db.")
    private @Nullable String policy;

    @Option(
            names = "-newrp",
            paramLabel = "NAME",
            converter = Values.Name.class,
            description = "Its name on the server; needs -rp. Default: the same.")
    private @Nullable String newPolicy;

    @Option(
            names = "-shard",
            paramLabel = "ID",
            converter = Shard.class,
            description = "Only the shard that had this id; its database and policy are found by themselves.")
    private @Nullable Long shard;

    @Option(
            names = "-skip-errors",
            description = "Go on without a shard that cannot be restored; ends with exit code 3 and names it.")
    private boolean skipErrors;

    @Option(
            names = "--verify",
            description = "First read and check all that is to be restored, and begin only if none of it is damaged. "
                    + "Reads everything twice.")
    private boolean verify;

    @Option(
            names = "--verify-restore",
            paramLabel = "HOW",
            defaultValue = "full",
            converter = How.class,
            description =
                    "How to prove that the server has what was sent. full (default): read each shard back and compare. "
                            + "counts: the server's statistics must have gained the files and bytes that were sent; needs --http. "
                            + "off: only wait until it answers.")
    @SuppressWarnings("NullAway.Init") // has a default
    private Verification verification;

    @Option(
            names = "--keep-expired",
            description = "Restore a policy without its expiry if some of its data is older than that; "
                    + "the server would drop it within half an hour.")
    private boolean keepExpired;

    @Option(
            names = "--with-subscriptions",
            description = "Bring subscriptions back: the server begins to send to their destinations at once.")
    private boolean subscriptions;

    @Option(
            names = "--into-existing",
            description =
                    "Restore into databases that exist too, beside what they hold. With --http, policies and shard "
                            + "groups that are missing are made, and points are written where shard durations differ.")
    private boolean intoExisting;

    @Option(
            names = "--on-conflict",
            paramLabel = "WHO",
            converter = Winner.class,
            description = "Whose value counts where both have one for the same point: backup (default) or existing. "
                    + "With --into-existing.")
    private @Nullable Conflict onConflict;

    @Option(
            names = "--cleanup-on-failure",
            description = "Drop the databases that this restore has made if it fails; needs --http.")
    private boolean cleanup;

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Where files with deletions are rewritten, and shards rest that go as points. Default: the "
                    + "system's temporary directory.")
    private @Nullable Path scratch;

    @Mixin
    private final HttpFlags http = new HttpFlags();

    @Mixin
    private final ReadingFlags reading = new ReadingFlags();

    @Mixin
    private final PaceFlags pace = new PaceFlags();

    @Option(
            names = "--protocol",
            paramLabel = "VERSION",
            defaultValue = "1.5",
            converter = Values.BackupProtocol.class,
            description =
                    "What the server speaks. With 1.4, for servers 1.0 to 1.4, only -datadir and -metadir restore. Default: 1.5.")
    @SuppressWarnings("NullAway.Init") // has a default
    private Protocol protocol;

    @Mixin
    private final OfflineFlags offline = new OfflineFlags();

    @Mixin
    private final CheckFlags checks = new CheckFlags();

    @Mixin
    private final OutputFlags output = new OutputFlags();

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    RestoreCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        OutputFlags.Output how = output.output();
        Optional<End.Data> directories = offline.directories();
        return directories.isPresent() ? offline(how, directories.get()) : online(how);
    }

    private int online(OutputFlags.Output how) {
        if (protocol == Protocol.V1_4) {
            throw new UsageError(
                    "servers before 1.5 take no restore over their backup port",
                    "Stop the server and restore to its directories: -datadir and -metadir.");
        }
        RestoreRequest request = request();
        context.requireSource(request.from(), "sluice restore - < backup.zst");
        return CopyRun.restore(context, how, request, first(request.from()));
    }

    private int offline(OutputFlags.Output how, End.Data directories) {
        CopyRequest request = offlineRequest(directories);
        context.requireSource(request.from(), "sluice restore -datadir DIR - < backup.zst");
        return CopyRun.restoreOffline(context, how, request, first(request.from()));
    }

    /** What {@code --verify} asks for. */
    Optional<VerifyRequest> first(End from) {
        if (!verify) {
            return Optional.empty();
        }
        if (from instanceof End.Stream) {
            throw new UsageError(
                    "--verify reads everything twice, which stdin cannot",
                    "Keep the stream as a file and name it, or let 'sluice verify -' read it first.");
        }
        if (skipErrors) {
            throw new UsageError(
                    "--verify cannot be combined with " + Given.name(spec, "-skip-errors"),
                    "The one refuses a damaged backup, the other restores what is left of it.");
        }
        return Optional.of(
                new VerifyRequest(from, selection(), false, reading.chain(), reading.allowIncomplete(), pace.pace()));
    }

    /** What the flags ask for, with the directories of a stopped server. */
    private CopyRequest offlineRequest(End.Data directories) {
        checkNames();
        if (intoExisting || onConflict != null) {
            throw new UsageError(
                    "--into-existing needs a running server",
                    "A stopped server's database is left alone or, with --force, replaced.");
        }
        for (String flag : OF_RUNNING) {
            if (Given.typed(spec, flag)) {
                throw new UsageError(
                        flag + " is for a running server, -datadir for a stopped one",
                        "Leave it out, or -datadir and what goes with it. To directories a shard counts when it is durable,"
                                + " and a restore that fails takes back what it made.");
            }
        }
        CopyRequest.Builder request = CopyRequest.of(from(), directories)
                .task(Task.RESTORE)
                .selection(selection())
                .mapping(mapping())
                .keepExpired(keepExpired)
                .subscriptions(subscriptions)
                .chain(reading.chain())
                .skipErrors(skipErrors)
                .allowIncomplete(reading.allowIncomplete())
                .checkBlocks(checks.blocks())
                .pace(pace.pace())
                .force(offline.force())
                .replaceMetastore(offline.replaceMetastore());
        if (scratch != null) {
            request.scratch(scratch);
        }
        return request.build();
    }

    private Selection selection() {
        return new Selection(
                Optional.ofNullable(database),
                Optional.ofNullable(policy),
                Optional.ofNullable(shard),
                Optional.empty(),
                Optional.empty());
    }

    private Mapping mapping() {
        return new Mapping(Optional.ofNullable(newDatabase), Optional.ofNullable(newPolicy));
    }

    /** What the flags ask for. */
    RestoreRequest request() {
        checkNames();
        RestoreRequest.Builder request = RestoreRequest.of(from(), hosts)
                .selection(selection())
                .mapping(mapping())
                .verification(verification)
                .checkBlocks(checks.blocks())
                .allowIncomplete(reading.allowIncomplete())
                .keepExpired(keepExpired)
                .subscriptions(subscriptions)
                .chain(reading.chain())
                .skipErrors(skipErrors)
                .pace(pace.pace());
        HttpAccess[] access = http.access(context.environment());
        if (cleanup && access.length == 0) {
            throw new UsageError(
                    "--cleanup-on-failure needs --http",
                    "A database is dropped over HTTP: add --http HOST:8086 of the same server.");
        }
        if (verification == Verification.COUNTS && access.length == 0) {
            throw new UsageError(
                    "--verify-restore counts needs --http",
                    "The statistics come over HTTP: add --http HOST:8086 of the same server.");
        }
        if (access.length != 0 && access.length != hosts.length) {
            throw new UsageError(
                    "--http has %d addresses and -host %d".formatted(access.length, hosts.length),
                    "Give one for each, in the same order, with commas between them.");
        }
        request.http(access);
        request.cleanup(cleanup);
        if (intoExisting) {
            request.intoExisting(onConflict == null ? Conflict.BACKUP : onConflict);
        } else if (onConflict != null) {
            throw new UsageError(
                    "--on-conflict needs --into-existing", "Without it, databases that exist stay as they are.");
        }
        if (scratch != null) {
            request.scratch(scratch);
        }
        return request.build();
    }

    private End from() {
        if (portable && online) {
            throw new UsageError(
                    "-portable cannot be combined with -online",
                    "A backup has one format; without both it is told from what lies in the directory.");
        }
        End named = Values.end(path());
        if (named instanceof End.Live || named instanceof End.Http) {
            throw new UsageError(
                    named + " is a server, not a backup",
                    "The server to restore to goes by -host; 'sluice copy FROM TO' takes from one server to another.");
        }
        if (!portable && !online) {
            return named;
        }
        if (named instanceof End.Stream) {
            throw new UsageError(
                    "a stream is neither a portable nor a legacy backup",
                    "Leave out -portable and -online; './-' is a directory called '-'.");
        }
        if (named instanceof End.Directory directory) {
            return portable ? new End.Portable(directory.directory()) : new End.Legacy(directory.directory());
        }
        if (portable ? named instanceof End.Portable : named instanceof End.Legacy) {
            return named;
        }
        throw new UsageError(
                "%s cannot be combined with %s".formatted(named, portable ? "-portable" : "-online"),
                "The path tells its format. Leave it out of the one or the other.");
    }

    /** The original takes these and loses all data, or does something else. */
    private void checkNames() {
        if (policy != null && database == null && shard == null) {
            throw new UsageError(
                    "-rp needs -db", "Policies of different databases may share a name; say which database is meant.");
        }
        if (newDatabase != null && database == null && shard == null) {
            throw new UsageError("-newdb needs -db", "Say which database gets the new name.");
        }
        if (newPolicy != null && policy == null && shard == null) {
            throw new UsageError("-newrp needs -rp", "Say which retention policy gets the new name.");
        }
    }

    private String path() {
        if (paths.size() != 1) {
            throw new UsageError(
                    paths.isEmpty()
                            ? "the path of the backup is missing"
                            : "one path is needed, %d were given: %s".formatted(paths.size(), String.join(", ", paths)),
                    "As in 'sluice restore -portable /backups/monday'; a path with spaces needs quotes.");
        }
        if (paths.get(0).isBlank()) {
            throw new UsageError(
                    "the path of the backup is empty", "As in 'sluice restore -portable /backups/monday'.");
        }
        return paths.get(0);
    }

    /** As the original has it, 0 is every shard. */
    static final class Shard implements ITypeConverter<@Nullable Long> {
        @Override
        public @Nullable Long convert(String text) {
            return text.equals("0") ? null : new Values.ShardId().convert(text);
        }
    }

    static final class Winner implements ITypeConverter<Conflict> {
        @Override
        public Conflict convert(String text) {
            return switch (text) {
                case "backup" -> Conflict.BACKUP;
                case "existing" -> Conflict.EXISTING;
                default -> throw new TypeConversionException("is backup or existing, not '" + text + "'");
            };
        }
    }

    static final class How implements ITypeConverter<Verification> {
        @Override
        public Verification convert(String text) {
            return switch (text) {
                case "full" -> Verification.FULL;
                case "counts" -> Verification.COUNTS;
                case "off" -> Verification.OFF;
                default -> throw new TypeConversionException("is full, counts or off, not '" + text + "'");
            };
        }
    }
}
