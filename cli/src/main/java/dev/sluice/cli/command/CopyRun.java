package dev.sluice.cli.command;

import dev.sluice.cli.console.Display;
import dev.sluice.cli.console.JsonDisplay;
import dev.sluice.cli.console.PlainDisplay;
import dev.sluice.cli.console.Summary;
import dev.sluice.cli.console.TerminalDisplay;
import dev.sluice.cli.console.Text;
import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.VerifyRequest;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.ShardRef;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** Runs a copy to its end on the thread of the command, the one place that waits for events. */
final class CopyRun {

    private final Context context;
    private final Output how;
    private final Interruption interruption;
    private final Task task;
    private final Set<ShardRef> underWay = new HashSet<>();
    private Task stage; // the verification before a restore, or the task
    private int finished;
    private int shards;

    CopyRun(Context context, Output how, Interruption interruption, Task task) {
        this(context, how, interruption, task, task);
    }

    /** @param first what it begins with */
    private CopyRun(Context context, Output how, Interruption interruption, Task task, Task first) {
        this.context = context;
        this.how = how;
        this.interruption = interruption;
        this.task = task;
        this.stage = first;
    }

    /** The whole of {@code sluice backup}. */
    static int backup(Context context, Output how, BackupRequest request, OptionalLong memory) {
        return backup(context, how, request, memory, Interruption::watch);
    }

    static int backup(
            Context context,
            Output how,
            BackupRequest request,
            OptionalLong memory,
            Supplier<Interruption> interruptions) {
        return run(context, how, Task.BACKUP, engine -> engine.backup(request), memory, interruptions);
    }

    /** The whole of {@code sluice restore}. */
    static int restore(Context context, Output how, RestoreRequest request, Optional<VerifyRequest> first) {
        return restore(context, how, first, engine -> engine.restore(request), Interruption::watch);
    }

    /** The whole of {@code sluice restore -datadir}. */
    static int restoreOffline(Context context, Output how, CopyRequest request, Optional<VerifyRequest> first) {
        return restore(context, how, first, engine -> engine.copy(request), Interruption::watch);
    }

    /** @param first what is to be whole before anything is restored */
    static int restore(
            Context context,
            Output how,
            Optional<VerifyRequest> first,
            Function<Engine, Flux<Event>> restore,
            Supplier<Interruption> interruptions) {
        return run(
                context,
                how,
                Task.RESTORE,
                first.isPresent() ? Task.VERIFY : Task.RESTORE,
                engine -> first.map(request ->
                                VerifiedFirst.then(engine.verify(request), Flux.defer(() -> restore.apply(engine))))
                        .orElseGet(() -> restore.apply(engine)),
                OptionalLong.empty(),
                interruptions);
    }

    /** The whole of {@code sluice copy}. */
    static int copy(Context context, Output how, CopyRequest request, OptionalLong memory) {
        return run(context, how, Task.COPY, engine -> engine.copy(request), memory, Interruption::watch);
    }

    /** The whole of {@code sluice verify}. */
    static int verify(Context context, Output how, VerifyRequest request) {
        return run(
                context, how, Task.VERIFY, engine -> engine.verify(request), OptionalLong.empty(), Interruption::watch);
    }

    private static int run(
            Context context,
            Output how,
            Task task,
            Function<Engine, Flux<Event>> copy,
            OptionalLong memory,
            Supplier<Interruption> interruptions) {
        return run(context, how, task, task, copy, memory, interruptions);
    }

    private static int run(
            Context context,
            Output how,
            Task task,
            Task first,
            Function<Engine, Flux<Event>> copy,
            OptionalLong memory,
            Supplier<Interruption> interruptions) {
        try (Interruption interruption = interruptions.get()) {
            CopyRun run = new CopyRun(context, how, interruption, task, first);
            try (Engine engine = context.engines().create(memory)) {
                // Told before the engine is closed: where a disk hangs the JVM does not wait for the end of that.
                return run.copy(engine, copy.apply(engine)).map(run::conclude).orElseGet(run::interrupted);
            }
        }
    }

    /** Shows the events until the report; empty if an interruption came before it. */
    Optional<CopyReport> copy(Engine engine, Flux<Event> events) {
        Disposable watch = interruption.ends(engine);
        try (Display display = display()) {
            return report(events, display);
        } finally {
            watch.dispose();
        }
    }

    private Optional<CopyReport> report(Flux<Event> events, Display display) {
        Optional<Event.Finished> last;
        try {
            last = Events.until(Event.Finished.class, events, event -> {
                count(event);
                display.show(event);
            });
        } catch (SluiceException why) {
            if (interruption.explains(why)) {
                return Optional.empty(); // told in its own words
            }
            throw why;
        }
        return Optional.of(last.orElseThrow(() -> new IllegalStateException("the copy ended without a report"))
                .report());
    }

    /** Says what came of it, and how to end. */
    int conclude(CopyReport report) {
        if (how == Output.NORMAL || how == Output.PLAIN) {
            Summary.lines(report).forEach(context.out()::println);
        }
        Summary.missing(report).forEach(context.err()::println);
        return ExitCode.of(report);
    }

    /** Says that it was stopped before its end, and how far it was. The exit code is the signal's own. */
    int interrupted() {
        return interruption.told(context, how == Output.JSON, howFar());
    }

    private String howFar() {
        if (stage != task && (shards == 0 || finished < shards)) {
            return "interrupted while the backup was verified; nothing was changed";
        }
        return shards == 0 || stage != task
                ? "interrupted before the first shard; " + nothingCameOfIt()
                : "interrupted after %d of %s%s; %s"
                        .formatted(finished, Text.count(shards, "shard"), brokenOff(), incomplete());
    }

    private String brokenOff() {
        if (underWay.isEmpty()) {
            return "";
        }
        return underWay.stream()
                .map(ShardRef::toString)
                .sorted()
                .collect(Collectors.joining(", ", ", in the middle of ", ""));
    }

    private String nothingCameOfIt() {
        if (task == Task.VERIFY) {
            return "nothing was checked";
        }
        return task == Task.RESTORE
                ? "databases may have been made: SHOW DATABASES tells, DROP DATABASE removes them"
                : "no backup was made";
    }

    private String incomplete() {
        if (task == Task.VERIFY) {
            return "the rest was not checked";
        }
        return task == Task.RESTORE
                ? "the databases that were made stay, without the rest: drop them and run it again"
                : "the backup is not complete, run it again";
    }

    private void count(Event event) {
        if (event instanceof Event.Started started) {
            stage = started.task();
            shards = started.shards();
            finished = 0;
        } else if (event instanceof Event.ShardStarted started) {
            underWay.add(started.ref());
        } else if (event instanceof Event.ShardFinished done) {
            underWay.remove(done.outcome().ref());
            finished++;
        }
    }

    private Display display() {
        return switch (how) {
            case JSON -> new JsonDisplay(context.out());
            case QUIET -> Display.quiet(context.err());
            case PLAIN -> new PlainDisplay(context.err());
            case NORMAL ->
                context.terminal().interactive()
                        ? new TerminalDisplay(context.err(), context.terminal(), System::nanoTime)
                        : new PlainDisplay(context.err());
        };
    }
}
