package dev.sluice.cli.command;

import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.ExportRequest;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sluice export}: the flags of {@code influx_inspect export} with their meaning, and what is new. */
@CommandLine.Command(
        name = "export",
        sortOptions = false,
        description = "Write line protocol from a stopped server's directories, a backup or a live server.",
        customSynopsis = "sluice export [flags]",
        optionListHeading = "%nFlags, with one dash or two%n",
        footer = {
            "",
            "Examples",
            "  sluice export -datadir /var/lib/influxdb/data -waldir /var/lib/influxdb/wal -out all.lp",
            "  sluice export --from portable:/backups/monday --merge-fields -out monday.lp.zst --compression zstd",
            "  sluice export --from influxd://db1:8088 -database telemetry --merge-fields -out - | gzip > t.lp.gz",
            "  sluice export --since-last --state /var/lib/sluice/state --merge-fields -compress -out /outbox"
        })
final class ExportCommand implements Command {

    private final Context context;

    @Option(names = "-datadir", paramLabel = "DIR", description = "Data directory. Default: ~/.influxdb/data.")
    private @Nullable Path data;

    @Option(names = "-waldir", paramLabel = "DIR", description = "WAL directory. Default: ~/.influxdb/wal.")
    private @Nullable Path wal;

    @Option(
            names = "-metadir",
            paramLabel = "DIR",
            description = "Metadata directory: the statements then keep durations and default policies.")
    private @Nullable Path meta;

    @Option(
            names = "--from",
            paramLabel = "END",
            description =
                    "Instead of directories: a backup's DIR, - for a stream on stdin, HOST:8088 for a server, or any "
                            + "other end as 'sluice help copy' has them.")
    private @Nullable String from;

    @Option(
            names = "-out",
            paramLabel = "FILE",
            description = "The file, replaced when the export is complete; - is stdout. Default: ~/.influxdb/export.")
    private @Nullable String out;

    @Option(
            names = {"-database", "-db"},
            paramLabel = "NAME",
            description = "Only this database.")
    private @Nullable String database;

    @Option(
            names = {"-retention", "-rp"},
            paramLabel = "NAME",
            description = "Only this policy; needs -database.")
    private @Nullable String policy;

    @Option(
            names = "-start",
            paramLabel = "TIME",
            converter = Values.Time.class,
            description = "First time to take, as in 2026-01-31T00:00:00Z.")
    private @Nullable Instant start;

    @Option(names = "-end", paramLabel = "TIME", converter = Values.Time.class, description = "Last time to take.")
    private @Nullable Instant end;

    @Option(names = "-lponly", description = "Points only: no comments, no statements.")
    private boolean pointsOnly;

    @Option(names = "-compress", description = "Compress with gzip.")
    private boolean compress;

    @Option(
            names = "--compression",
            paramLabel = "CODEC",
            converter = Values.Codec.class,
            description = "gzip[:0-9], zstd[:-7-19] or none. Default: none.")
    private @Nullable Compression compression;

    @Option(
            names = "--merge-fields",
            description = "All fields of a point in one line, without what was overwritten or deleted. Recommended: "
                    + "smaller, and several times faster to import.")
    private boolean mergeFields;

    @Option(names = "--measurement", paramLabel = "NAME", description = "Only this measurement; may be repeated.")
    private List<String> measurements = new ArrayList<>();

    @Option(
            names = "--where-tag",
            paramLabel = "KEY=VALUE",
            description = "Only series with this tag; may be repeated.")
    private List<String> tags = new ArrayList<>();

    @Option(
            names = "--split",
            paramLabel = "SIZE",
            converter = Values.Bytes.class,
            description = "Begin a new file after so much text: FILE-001, FILE-002, each to be imported alone.")
    private @Nullable Long split;

    @Option(names = "--strict", description = "End at the first thing that cannot be read. Default: leave it out.")
    private boolean strict;

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Room for the largest shard, with --from a backup or a server. Default: the system's own.")
    private @Nullable Path scratch;

    @Option(names = "--since-last", description = "What came after the last run; -out is a directory, needs --state.")
    private boolean sinceLast;

    @Option(names = "--state", paramLabel = "FILE", description = "Remembers how far --since-last came.")
    private @Nullable Path state;

    @Option(
            names = "--overlap",
            paramLabel = "TIME",
            defaultValue = "10m",
            converter = Values.Span.class,
            description =
                    "How much of the last window --since-last takes again, for points that came late. Default: 10m.")
    @SuppressWarnings("NullAway.Init") // has a default
    private Duration overlap;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Values.Bytes.class,
            description = "At most so many bytes of text in flight. Default: 32MiB.")
    private @Nullable Long memory;

    @Mixin
    private final OutputFlags output = new OutputFlags();

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    ExportCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        OutputFlags.Output how = output.output();
        OptionalLong budget = memory == null ? OptionalLong.empty() : OptionalLong.of(memory);
        context.requireSource(source(), "sluice export --from - -out FILE < backup.zst");
        return sinceLast ? sinceLast(how, budget) : TransferRun.export(context, how, request(), budget);
    }

    @Override
    public boolean dataOnStdout() {
        return !sinceLast && "-".equals(out);
    }

    private int sinceLast(OutputFlags.Output how, OptionalLong budget) {
        if (state == null || out == null || start != null || end != null) {
            throw new UsageError(
                    "--since-last needs --state FILE and -out DIR, and sets -start and -end itself",
                    "As in 'sluice export --since-last --state /var/lib/sluice/state -out /outbox'.");
        }
        Path remembered = state;
        Path directory = Path.of(out);
        return StateLock.holding(remembered, () -> sinceLast(how, budget, remembered, directory));
    }

    private int sinceLast(OutputFlags.Output how, OptionalLong budget, Path state, Path directory) {
        var windows = new ExportState(state, overlap, subject());
        ExportState.Window window = windows.next(Instant.now());
        String ending = ".lp"
                + switch (codec().codec()) {
                    case GZIP -> ".gz";
                    case ZSTD -> ".zst";
                    case NONE -> "";
                };
        String name = window.fileName(Optional.ofNullable(database));
        refuseTaken(directory, name, ending);
        ExportRequest request = common(ExportRequest.of(source(), directory.resolve(name + ending)))
                .times(window.start().map(ExportCommand::nanos).orElse(Long.MIN_VALUE), nanos(window.end()) - 1)
                .build();
        int exit = TransferRun.export(context, how, request, budget);
        if (exit == ExitCode.OK) {
            try {
                windows.done(window);
            } catch (IOException e) {
                throw new StoreFailed(
                        "cannot write %s: %s".formatted(state, e),
                        "The window was exported; the next run exports it again.",
                        e);
            }
        }
        return exit;
    }

    /** An export of something else, in the same second, has that name: neither may be lost. */
    private static void refuseTaken(Path directory, String name, String ending) {
        Pattern own = Pattern.compile(Pattern.quote(name) + "(-\\d+)?" + Pattern.quote(ending));
        try (Stream<Path> files = Files.list(directory)) {
            Optional<Path> taken = files.filter(
                            file -> own.matcher(file.getFileName().toString()).matches())
                    .findFirst();
            if (taken.isPresent()) {
                throw new StoreFailed(
                        "%s is there already".formatted(taken.get()),
                        "Nothing was exported. Give each --state a directory of its own with -out, or run it again.",
                        new FileAlreadyExistsException(taken.get().toString()));
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            // made, or refused, where it is written to
        } catch (IOException e) {
            throw new StoreFailed(
                    "cannot read %s: %s".formatted(directory, e), "Check who owns the directory, and the disk.", e);
        }
    }

    /** What a file of state belongs to, in the words of the flags. */
    private String subject() {
        var words = new ArrayList<String>();
        words.add(source() instanceof End.Data files ? "data:" + files.data().toAbsolutePath() : source().toString());
        if (database != null) {
            words.add("-database " + database);
        }
        if (policy != null) {
            words.add("-retention " + policy);
        }
        measurements.stream().sorted().forEach(name -> words.add("--measurement " + name));
        tags.stream().sorted().forEach(tag -> words.add("--where-tag " + tag));
        return String.join(" ", words);
    }

    /** What the flags ask for. */
    ExportRequest request() {
        if (start != null && end != null && end.isBefore(start)) {
            throw new UsageError("-end lies before -start", "-start is the older one.");
        }
        ExportRequest.Builder request = "-".equals(out)
                ? ExportRequest.toStandardOutput(source())
                : ExportRequest.of(source(), out == null ? home("export") : Path.of(out));
        if ("-".equals(out) && split != null) {
            throw new UsageError("--split needs a file", "Name one with -out.");
        }
        if (split != null && out != null && isDevice(Path.of(out))) {
            throw new UsageError(
                    "--split needs a file, and %s is none".formatted(out), "Parts get names beside that of -out.");
        }
        return common(request)
                .times(start == null ? Long.MIN_VALUE : nanos(start), end == null ? Long.MAX_VALUE : nanos(end))
                .build();
    }

    private static boolean isDevice(Path path) {
        return Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path);
    }

    private ExportRequest.Builder common(ExportRequest.Builder request) {
        if (policy != null && database == null) {
            throw new UsageError("-retention needs -database", "Policies of different databases may share a name.");
        }
        request.pointsOnly(pointsOnly)
                .mergeFields(mergeFields)
                .strict(strict)
                .compression(codec())
                .only(measurements, tags());
        if (database != null) {
            request.database(database);
        }
        if (policy != null) {
            request.policy(policy);
        }
        if (split != null) {
            request.split(split);
        }
        if (scratch != null) {
            request.scratch(scratch);
        }
        return request;
    }

    private Compression codec() {
        if (compress && compression != null && compression.codec() != Compression.Codec.GZIP) {
            throw new UsageError(
                    "-compress means gzip, --compression says %s".formatted(compression), "Use one of them.");
        }
        return compression != null ? compression : compress ? Compression.GZIP : Compression.NONE;
    }

    private Map<String, String> tags() {
        Map<String, String> wanted = new LinkedHashMap<>();
        for (String tag : tags) {
            int equals = tag.indexOf('=');
            if (equals < 1 || equals + 1 == tag.length()) {
                throw new UsageError(
                        "--where-tag is KEY=VALUE, not '%s'".formatted(tag), "As in --where-tag host=db1.");
            }
            String key = tag.substring(0, equals);
            if (wanted.put(key, tag.substring(equals + 1)) != null) {
                throw new UsageError(
                        "--where-tag gives '%s' two values".formatted(key),
                        "A series has one value for each tag: export them one after the other.");
            }
        }
        return wanted;
    }

    private End source() {
        if (from == null) {
            return new End.Data(
                    data == null ? home("data") : data,
                    Optional.ofNullable(meta),
                    Optional.of(wal == null ? home("wal") : wal));
        }
        if (data != null || wal != null || meta != null) {
            throw new UsageError(
                    "--from cannot be combined with -datadir, -waldir or -metadir",
                    "Write --from 'data:DIR?wal=DIR&meta=DIR', or leave --from out.");
        }
        return Values.place(from);
    }

    private Path home(String name) {
        return Path.of(context.environment().getOrDefault("HOME", ""), ".influxdb", name);
    }

    private static long nanos(Instant time) {
        return Math.addExact(
                Math.multiplyExact(time.getEpochSecond() + 1, 1_000_000_000L) - 1_000_000_000L, time.getNano());
    }
}
