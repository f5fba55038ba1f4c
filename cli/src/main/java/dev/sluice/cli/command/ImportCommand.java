package dev.sluice.cli.command;

import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.OutputFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.UserFlags;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.ImportRequest;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.HttpEndpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice import}: the flags of {@code influx -import} with their meaning, and what is new. */
@CommandLine.Command(
        name = "import",
        sortOptions = false,
        description = "Write line protocol to a server, and account for every point.",
        customSynopsis = "sluice import [flags] PATH",
        parameterListHeading = "%n",
        optionListHeading = "%nFlags, with one dash or two, before or after PATH%n",
        footer = {
            "",
            "Examples",
            "  sluice import -path all.lp.gz --rejects bad.lp",
            "  zcat points.lp.gz | sluice import -host db1 -database telemetry -",
            "  sluice import -host new -port 8086 --org acme --bucket metrics --token-file token all.lp",
            "  sluice import /outbox"
        })
final class ImportCommand implements Command {

    private static final Set<String> PRECISIONS = Set.of("ns", "n", "u", "us", "ms", "s", "m", "h");
    private static final Set<String> CONSISTENCIES = Set.of("any", "one", "quorum", "all");

    private final Context context;

    @Parameters(
            arity = "0..*",
            paramLabel = "PATH",
            hideParamSyntax = true,
            description = "A file, - for stdin, or a directory whose files are taken by name, each once.")
    private List<String> paths = new ArrayList<>();

    @Option(names = "-path", paramLabel = "PATH", description = "The same.")
    private @Nullable String path;

    @Option(names = "-import", description = "Taken for the sake of scripts that were written for influx.")
    @SuppressWarnings("UnusedVariable")
    private boolean importing;

    @Option(names = "-compressed", description = "The same: gzip and zstd are told by the content.")
    @SuppressWarnings("UnusedVariable")
    private boolean compressed;

    @Option(names = "-host", paramLabel = "HOST", defaultValue = "localhost", description = "Default: localhost.")
    @SuppressWarnings("NullAway.Init") // has a default
    private String host;

    @Option(
            names = "-port",
            paramLabel = "PORT",
            defaultValue = "8086",
            converter = Port.class,
            description = "Default: 8086.")
    private int port;

    @Option(names = "-ssl", description = "Speak https.")
    private boolean tls;

    @Option(names = "-unsafeSsl", description = "Accept any certificate.")
    private boolean unsafe;

    @Option(names = "-path-prefix", paramLabel = "PATH", description = "Before every path, for a proxy.")
    private @Nullable String prefix;

    @Mixin
    private final UserFlags user = new UserFlags();

    @Option(names = "-database", paramLabel = "NAME", description = "For points that no context line names one for.")
    private @Nullable String database;

    @Option(names = "--retention", paramLabel = "NAME", description = "The same for the policy. Default: the default.")
    private @Nullable String policy;

    @Option(names = "-precision", paramLabel = "UNIT", description = "ns, u, ms, s, m or h. Default: ns.")
    private @Nullable String precision;

    @Option(names = "-consistency", paramLabel = "LEVEL", description = "any, one, quorum or all.")
    private @Nullable String consistency;

    @Option(
            names = "-pps",
            paramLabel = "N",
            converter = Rate.class,
            description = "At most so many points a second. Default, and 0: no limit.")
    private @Nullable Integer pps;

    @Option(names = "--org", paramLabel = "NAME", description = "With --bucket: the organisation.")
    private @Nullable String org;

    @Option(
            names = "--bucket",
            paramLabel = "NAME",
            description = "Write to a bucket of InfluxDB 2.x or 3.x; {db} and {rp} in it stand for the context.")
    private @Nullable String bucket;

    @Option(names = "--token-file", paramLabel = "FILE", description = "Holds the token. Default: INFLUX_TOKEN.")
    private @Nullable Path tokenFile;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "" + ImportRequest.DEFAULT_CONCURRENCY,
            converter = Values.Concurrency.class,
            description = "Requests in flight at most. Default: " + ImportRequest.DEFAULT_CONCURRENCY + ".")
    private int concurrency;

    @Option(
            names = "--batch-lines",
            paramLabel = "N",
            defaultValue = "" + ImportRequest.DEFAULT_BATCH_LINES,
            converter = Lines.class,
            description = "Points in a request at most. Default: " + ImportRequest.DEFAULT_BATCH_LINES + ".")
    private int batchLines;

    @Option(
            names = "--retries",
            paramLabel = "N",
            defaultValue = "" + ImportRequest.DEFAULT_RETRIES,
            converter = Values.Retries.class,
            description = "Attempts for a request after its first one. Default: " + ImportRequest.DEFAULT_RETRIES + ".")
    private int retries;

    @Option(
            names = "--gzip",
            arity = "0..1",
            fallbackValue = "true",
            converter = Values.Switch.class,
            description = "Whether bodies are compressed. Default: true, but false for a server on this machine.")
    private @Nullable Boolean gzip;

    @Option(
            names = "--rejects",
            paramLabel = "FILE",
            description = "Receives the points that the server does not take, with line number and reason.")
    private @Nullable Path rejects;

    @Option(names = "--resume", description = "Go on where an interrupted import of this file stopped.")
    private boolean resume;

    @Option(
            names = "--progress",
            paramLabel = "FILE",
            description =
                    "Tells how far the import came. Default: PATH.sluice-progress, and in a directory a file in it.")
    private @Nullable Path progress;

    @Mixin
    private final OutputFlags output = new OutputFlags();

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    ImportCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        OutputFlags.Output how = output.output();
        ImportRequest request = request();
        if (request.path().isEmpty()) {
            context.requireStdin("zcat points.lp.gz | sluice import -");
        }
        return TransferRun.importLines(context, how, request);
    }

    /** What the flags ask for. */
    ImportRequest request() {
        String from = from();
        if (host.indexOf('/') >= 0) {
            throw new UsageError(
                    "-host takes a name or an address, not '%s'".formatted(host),
                    "https goes by -ssl, the port by -port, a path by -path-prefix.");
        }
        int colon = host.indexOf(':');
        if (colon >= 0 && colon == host.lastIndexOf(':')) { // with more of them it is an address of IPv6
            throw new UsageError(
                    "-host takes a name or an address, not '%s'".formatted(host),
                    "The port goes by -port: -host %s -port %s"
                            .formatted(host.substring(0, colon), host.substring(colon + 1)));
        }
        var endpoint = new HttpEndpoint(host, port, tls, !unsafe, prefix == null ? "" : prefix);
        ImportRequest.Builder request =
                from.equals("-") ? ImportRequest.ofStandardInput(endpoint) : ImportRequest.of(Path.of(from), endpoint);
        request.credentials(credentials())
                .concurrency(concurrency)
                .batchLines(batchLines)
                .retries(retries)
                .precision(precision())
                .resume(resume);
        if (gzip != null) {
            request.gzip(gzip);
        }
        if (database != null) {
            request.database(database);
        }
        if (policy != null) {
            request.policy(policy);
        }
        if (consistency != null) {
            if (!CONSISTENCIES.contains(consistency.toLowerCase(Locale.ROOT))) {
                throw new UsageError(
                        "-consistency is any, one, quorum or all, not '%s'".formatted(consistency),
                        "A server that is no cluster needs none: leave it out.");
            }
            request.consistency(consistency);
        }
        if (pps != null && pps > 0) {
            request.pointsPerSecond(pps);
        }
        if (rejects != null) {
            request.rejects(rejects);
        }
        if ((bucket == null) != (org == null)) {
            throw new UsageError("--bucket and --org belong together", "As in --org acme --bucket metrics.");
        }
        if (bucket != null && org != null) {
            request.bucket(org, bucket);
        }
        if (progress != null) {
            request.progress(progress);
        } else if (!from.equals("-") && !Files.isDirectory(Path.of(from))) {
            request.progress(Path.of(from + ".sluice-progress"));
        } else if (from.equals("-") && resume) {
            throw new UsageError("--resume of stdin needs --progress FILE", "Name the file of the interrupted run.");
        }
        return request.build();
    }

    private String from() {
        List<String> all = new ArrayList<>(paths);
        if (path != null) {
            all.add(path);
        }
        if (all.size() != 1) {
            throw new UsageError(
                    all.isEmpty() ? "the path is missing" : "one path is needed: " + String.join(", ", all),
                    "As in 'sluice import all.lp'; - is stdin.");
        }
        return all.get(0);
    }

    private String precision() {
        if (precision == null || precision.equals("rfc3339")) {
            return "ns";
        }
        if (!PRECISIONS.contains(precision)) {
            throw new UsageError(
                    "-precision is ns, u, ms, s, m or h, not '%s'".formatted(precision),
                    "Exports are in nanoseconds: leave it out for them.");
        }
        return precision;
    }

    private Credentials credentials() {
        Map<String, String> environment = context.environment();
        if (bucket != null) {
            String token = tokenFile == null ? environment.getOrDefault("INFLUX_TOKEN", "") : read(tokenFile);
            return token.isEmpty() ? Credentials.NONE : new Credentials.Token(token);
        }
        return user.credentials(environment);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UsageError("cannot read the token in %s".formatted(file), "Is it there, and may you read it?");
        }
    }

    static final class Port extends Values.Count {
        Port() {
            super(1, 65_535);
        }
    }

    static final class Rate extends Values.Count {
        Rate() {
            super(0, Integer.MAX_VALUE);
        }
    }

    static final class Lines extends Values.Count {
        Lines() {
            super(1, 1_000_000);
        }
    }
}
