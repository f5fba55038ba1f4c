package dev.sluice.cli.command;

import dev.sluice.cli.console.Text;
import dev.sluice.cli.console.TransferDisplay;
import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.engine.ExportRequest;
import dev.sluice.engine.ImportRequest;
import dev.sluice.engine.LineCopyRequest;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import java.io.PrintStream;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** Runs an export or import to its end on the thread of the command. */
final class TransferRun {

    private TransferRun() {}

    /** The whole of {@code sluice export}. Its report goes to stderr where stdout has the data. */
    static int export(Context context, Output how, ExportRequest request, OptionalLong memory) {
        Context around = request.out().isEmpty() ? context.withDataOnStdout() : context;
        return run(
                around,
                how,
                memory,
                engine -> engine.export(request),
                event -> concluded(around.out(), around.err(), how, ((TransferEvent.Exported) event).report()),
                "the file was not written; run it again",
                Interruption::watch);
    }

    /** The whole of {@code sluice import}. */
    static int importLines(Context context, Output how, ImportRequest request) {
        return importLines(context, how, request, Interruption::watch);
    }

    static int importLines(Context context, Output how, ImportRequest request, Supplier<Interruption> interruptions) {
        return run(
                context,
                how,
                OptionalLong.empty(),
                engine -> engine.importLines(request),
                event -> concluded(context.out(), context.err(), how, ((TransferEvent.Imported) event).report()),
                request.options().progress().isPresent()
                        ? "points that were sent stay; the same command with --resume goes on"
                        : "points that were sent stay; run it again, which does no harm",
                interruptions);
    }

    /** The whole of {@code sluice copy} where the target takes points. */
    static int copyLines(Context context, Output how, LineCopyRequest request, OptionalLong memory) {
        return run(
                context,
                how,
                memory,
                engine -> engine.copyLines(request),
                event -> concluded(context.out(), context.err(), how, (TransferEvent.Copied) event),
                "points that were sent stay; run it again, which does no harm",
                Interruption::watch);
    }

    /**
     * Runs it and tells its end before the engine is closed: where a disk hangs the JVM does not wait for the end of that.
     *
     * @param interrupted what an interruption leaves
     */
    private static int run(
            Context context,
            Output how,
            OptionalLong memory,
            Function<Engine, Flux<TransferEvent>> work,
            ToIntFunction<TransferEvent.Last> concluded,
            String interrupted,
            Supplier<Interruption> interruptions) {
        var display = new TransferDisplay(
                how, context.out(), context.err(), context.terminal().interactive());
        try (Interruption interruption = interruptions.get();
                Engine engine = context.engines().create(memory)) {
            Disposable watch = interruption.ends(engine);
            try {
                return Events.until(TransferEvent.Last.class, work.apply(engine), display::show)
                        .map(concluded::applyAsInt)
                        .orElseThrow(() -> new IllegalStateException("the run ended without a report"));
            } catch (SluiceException e) {
                display.close();
                if (interruption.explains(e)) {
                    return interruption.told(context, how == Output.JSON, "interrupted; " + interrupted);
                }
                throw e;
            } finally {
                watch.dispose();
            }
        }
    }

    private static int concluded(PrintStream to, PrintStream err, Output how, ExportReport report) {
        if (how == Output.NORMAL || how == Output.PLAIN) {
            to.println(Text.clean("Exported %,d lines with %,d values from %s: %s of text, %s written, in %s."
                    .formatted(
                            report.lines(),
                            report.values(),
                            Text.count(report.files(), "file"),
                            Text.bytes(report.bytes()),
                            Text.bytes(report.stored()),
                            Text.duration(report.elapsed()))));
            report.outputs().forEach(output -> to.println("  " + Text.clean(output)));
        }
        return notRead(err, report);
    }

    /** What is missing of what was asked for, and the exit code for it. */
    private static int notRead(PrintStream err, ExportReport report) {
        if (!report.complete()) {
            err.println("sluice: NOT complete: %d damaged, %d missing"
                    .formatted(report.damage().size(), report.missing().size()));
            report.damage().forEach(text -> err.println("  damaged: " + Text.clean(text)));
            report.missing().forEach(text -> err.println("  missing: " + Text.clean(text)));
        }
        return report.complete() ? ExitCode.OK : report.damage().isEmpty() ? ExitCode.PARTIAL : ExitCode.DAMAGED;
    }

    private static int concluded(PrintStream to, PrintStream err, Output how, TransferEvent.Copied copied) {
        if (how == Output.NORMAL || how == Output.PLAIN) {
            to.println(Text.clean("Read %,d points with %,d values from %s."
                    .formatted(
                            copied.read().lines(),
                            copied.read().values(),
                            Text.count(copied.read().files(), "file"))));
        }
        int read = notRead(err, copied.read());
        int written = concluded(to, err, how, copied.written());
        return read == ExitCode.OK ? written : read;
    }

    private static int concluded(PrintStream to, PrintStream err, Output how, ImportReport report) {
        if (how == Output.NORMAL || how == Output.PLAIN) {
            to.println(Text.clean("Imported %,d points into %s: %s executed, %,d rejected, %s of text, %s, in %s."
                    .formatted(
                            report.written(),
                            report.target(),
                            Text.count(report.statements(), "statement"),
                            report.rejected(),
                            Text.bytes(report.bytes()),
                            Text.count(report.requests(), "request"),
                            Text.duration(report.elapsed()))));
            if (report.skipped() > 0) {
                to.println("  %s taken before were left out".formatted(Text.count(report.skipped(), "file")));
            }
        }
        if (report.rejectedBefore() > 0) {
            err.println(
                    "sluice: %s NOT stored by the interrupted run before; its --rejects FILE has them if it was given"
                            .formatted(Text.count(report.rejectedBefore(), "point")));
        }
        if (report.rejected() > 0) {
            err.println("sluice: %s NOT stored%s"
                    .formatted(
                            Text.count(report.rejected(), "point"),
                            report.rejects()
                                    .map(file -> "; they are in " + file)
                                    .orElse("; --rejects FILE keeps them")));
            report.examples()
                    .forEach(reject -> err.println(
                            Text.clean("  %s, line %d: %s".formatted(reject.file(), reject.line(), reject.reason()))));
        }
        return report.complete() ? ExitCode.OK : ExitCode.PARTIAL;
    }
}
