package dev.sluice.cli.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.sluice.cli.console.Text;
import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.cli.option.UsageError;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.SampleData;
import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.serve.RunningServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/** The demonstration: sample data, a server on it, a backup of that server, a restore to a second one. */
final class DemoRun {

    private static final long SEED = 42;

    private static final int FILES_SHOWN = 6;

    private static final ServerAddress LOOPBACK = new ServerAddress("127.0.0.1", 0);

    private final Context context;
    private final long size;
    private final Output how;

    DemoRun(Context context, long size, Output how) {
        this.context = context;
        this.size = size;
        this.how = how;
    }

    int run(Optional<Path> keep) {
        try (Interruption interruption = Interruption.watch()) {
            Path home = keep.isPresent() ? kept(keep.get()) : temporary();
            try (Engine engine = context.engines().create(OptionalLong.empty())) {
                return demonstrate(home, keep.isPresent(), engine, interruption);
            } finally {
                if (keep.isEmpty()) {
                    delete(home);
                }
            }
        }
    }

    private int demonstrate(Path home, boolean kept, Engine engine, Interruption interruption) {
        PrintStream err =
                how == Output.QUIET ? new PrintStream(OutputStream.nullOutputStream(), false, UTF_8) : context.err();
        CopyRun run = new CopyRun(context, how, interruption, Task.BACKUP);
        Path backup = home.resolve("backup");

        err.println("1. Making about %s of sample data in %s".formatted(Text.bytes(size), home));
        @Nullable
        SampleData sample = engine.sampleData(home, SEED, size)
                .takeUntilOther(interruption.signal())
                .block();
        if (sample == null) {
            return run.interrupted();
        }
        err.println("   %s with %s points, as influxd stores them"
                .formatted(Text.count(sample.shards(), "shard"), String.format(Locale.ROOT, "%,d", sample.points())));

        var first = new ServeRequest(LOOPBACK, sample.dataDir(), sample.metaDir());
        int exit = serving(engine, first, run, interruption, server -> {
            err.println("2. Serving them at %s, in the place of an influxd".formatted(server.address()));
            err.println("3. sluice backup -portable -host %s %s".formatted(server.address(), backup));
            return ended(
                    run,
                    engine,
                    engine.backup(
                            BackupRequest.portable(server.address(), backup).build()),
                    report -> {});
        });
        if (exit != ExitCode.OK) {
            return exit;
        }
        exit = restore(home, backup, engine, interruption, err);
        if (exit == ExitCode.OK && how != Output.QUIET) {
            closing(backup, kept);
        }
        return exit;
    }

    private int restore(Path home, Path backup, Engine engine, Interruption interruption, PrintStream err) {
        CopyRun run = new CopyRun(context, how, interruption, Task.RESTORE);
        Path empty = home.resolve("second");
        var second = new ServeRequest(LOOPBACK, empty.resolve("data"), empty.resolve("meta")).writing();
        return serving(engine, second, run, interruption, server -> {
            err.println();
            err.println("4. Starting a second server, an empty one, at %s".formatted(server.address()));
            err.println("5. sluice restore -host %s %s".formatted(server.address(), backup));
            return ended(
                    run,
                    engine,
                    engine.restore(RestoreRequest.of(new End.Portable(backup), server.address())
                            .build()),
                    report -> {
                        if (report.complete() && how != Output.QUIET) {
                            context.out()
                                    .println(
                                            "  %-10s%s read back from the second server: the same bytes as the first one's"
                                                    .formatted(
                                                            "compared",
                                                            Text.count(
                                                                    report.stored()
                                                                            .size(),
                                                                    "shard")));
                        }
                    });
        });
    }

    /** With a server for as long as the step takes. */
    private static int serving(
            Engine engine,
            ServeRequest request,
            CopyRun run,
            Interruption interruption,
            ToIntFunction<RunningServer> step) {
        @Nullable
        RunningServer server =
                engine.serve(request).takeUntilOther(interruption.signal()).block();
        if (server == null) {
            return run.interrupted();
        }
        try {
            return step.applyAsInt(server);
        } finally {
            server.stop().block(Duration.ofSeconds(4));
        }
    }

    private int ended(CopyRun run, Engine engine, Flux<Event> events, Consumer<CopyReport> more) {
        Optional<CopyReport> report = run.copy(engine, events);
        if (report.isEmpty()) {
            return run.interrupted();
        }
        context.err().flush();
        int exit = run.conclude(report.get());
        more.accept(report.get());
        context.out().flush();
        return exit;
    }

    private void closing(Path backup, boolean kept) {
        PrintStream out = context.out();
        List<Path> files = list(backup);
        out.println();
        out.println(
                "What was made%s".formatted(kept ? ", in " + backup : " (and is removed now; --keep DIR keeps it)"));
        files.stream()
                .limit(files.size() > FILES_SHOWN ? FILES_SHOWN - 1 : FILES_SHOWN)
                .forEach(file -> out.println("  %-36s %10s".formatted(file.getFileName(), Text.bytes(sizeOf(file)))));
        if (files.size() > FILES_SHOWN) {
            out.println("  and %d more".formatted(files.size() - FILES_SHOWN + 1));
        }
        out.println();
        out.println("What to try next");
        out.println("  sluice backup -portable -host HOST:8088 DIR   back up a server of yours");
        out.println("  sluice restore -host HOST:8088 DIR            restore it, to a server of yours");
        if (kept) {
            out.println("  influxd restore -portable '%s'".formatted(backup));
            out.println("                                                put this one into a running influxd");
        } else {
            out.println("  influxd restore -portable DIR                 the same with influxd's own tool");
        }
        out.println("  sluice help backup                            all flags: compression, rate limit, JSON");
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("sluice-demo-");
        } catch (IOException e) {
            throw new UsageError(
                    "cannot make a directory in %s: %s"
                            .formatted(System.getProperty("java.io.tmpdir"), FileTrouble.reason(e)),
                    "Name a place with room for the data: sluice demo --keep DIR.");
        }
    }

    private static Path kept(Path dir) {
        try {
            Files.createDirectories(dir);
        } catch (IOException e) {
            throw new UsageError(
                    "--keep: cannot make the directory %s".formatted(dir),
                    "Is there a file of that name, or no permission?");
        }
        if (!list(dir).isEmpty()) {
            throw new UsageError("--keep: %s is not empty".formatted(dir), "Name a new directory.");
        }
        return dir;
    }

    private static List<Path> list(Path dir) {
        try (Stream<Path> files = Files.list(dir)) {
            return files.sorted(Comparator.comparing(file -> file.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long sizeOf(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void delete(Path home) {
        try (Stream<Path> files = Files.walk(home)) {
            files.sorted(Comparator.reverseOrder()).forEach(DemoRun::deleteOne);
        } catch (IOException | UncheckedIOException e) {
            context.err().println("sluice: could not remove all of %s".formatted(home));
        }
    }

    private static void deleteOne(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
