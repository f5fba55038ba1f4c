package dev.sluice.cli.command;

import dev.sluice.cli.option.CommonFlags;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice serve}: a stopped server's directories, open to backup tools. */
@CommandLine.Command(
        name = "serve",
        sortOptions = false,
        description =
                "Let 'sluice backup' and 'influxd backup' read a stopped server's directories, and restores write them.",
        customSynopsis = "sluice serve -datadir DIR -metadir DIR [-waldir DIR] [-bind HOST:PORT] [--writable]",
        optionListHeading = "%nFlags%n",
        footer = {"", "Runs until it is interrupted. The directories are only read, unless --writable is given."})
final class ServeCommand implements Command {

    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1");

    private final Context context;

    @Option(names = "-datadir", paramLabel = "DIR", description = "The server's data directory: 'dir' under [data].")
    private @Nullable Path dataDir;

    @Option(names = "-metadir", paramLabel = "DIR", description = "The server's meta directory: 'dir' under [meta].")
    private @Nullable Path metaDir;

    @Option(
            names = "-waldir",
            paramLabel = "DIR",
            description =
                    "The server's WAL directory: 'wal-dir' under [data]. Default: 'wal' beside the data directory. "
                            + "What stands only there is served as well.")
    private @Nullable Path walDir;

    @Option(
            names = "-bind",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:8088",
            converter = Values.Address.class,
            description = "Where to listen; port 0 takes a free one. Default: 127.0.0.1:8088. "
                    + "Whoever reaches the port reads everything: it knows no passwords.")
    @SuppressWarnings("NullAway.Init") // has a default
    private ServerAddress bind;

    @Option(
            names = "--writable",
            description = "Take 'sluice restore' and 'influxd restore' into the directories, which may be new. "
                    + "No server may run on them meanwhile. Whoever reaches the port can write.")
    private boolean writable;

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Where data files are made of the write-ahead log, a shard at a time. Default: the system's "
                    + "temporary directory.")
    private @Nullable Path scratch;

    @Mixin
    @SuppressWarnings("UnusedVariable") // declares the flags; Cli and Settings look at them before all others
    private final CommonFlags common = new CommonFlags();

    @Parameters(arity = "0..*", hidden = true)
    private List<String> words = new ArrayList<>();

    ServeCommand(Context context) {
        this.context = context;
    }

    @Override
    public int run() {
        ServeRequest request = request();
        if (!LOOPBACK.contains(bind.host())) {
            context.err()
                    .println("warning: whoever reaches %s can read all data%s: this port knows no passwords"
                            .formatted(bind, writable ? " and restore into it" : ""));
        }
        return ServeRun.until(context, request);
    }

    /** What the flags ask for. */
    ServeRequest request() {
        if (!words.isEmpty()) {
            throw new UsageError(
                    "serve takes no path, but there is '%s'".formatted(words.get(0)),
                    "The directories are named by -datadir and -metadir.");
        }
        ServeRequest request =
                new ServeRequest(bind, directory("-datadir", "data", dataDir), directory("-metadir", "meta", metaDir));
        if (walDir != null) {
            request = request.withWal(directory("-waldir", "wal", walDir));
        }
        if (scratch != null) {
            request = request.withScratch(scratch);
        }
        return writable ? request.writing() : request;
    }

    private Path directory(String flag, String section, @Nullable Path path) {
        if (path == null) {
            throw new UsageError(
                    flag + " is missing",
                    "It is 'dir' under [%s] in the server's configuration, by default /var/lib/influxdb/%s."
                            .formatted(section, section));
        }
        if (writable ? Files.exists(path) && !Files.isDirectory(path) : !Files.isDirectory(path)) {
            throw new UsageError(
                    "%s is not a directory: %s".formatted(flag, path), "Is it there, and may you read it?");
        }
        return path;
    }
}
