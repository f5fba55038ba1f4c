package dev.sluice.cli.console;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Notice;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;

/** Shows how an export or import goes: one JSON object a line, or lines for people. Called by one thread. */
public final class TransferDisplay {

    private static final Duration EVERY = Duration.ofSeconds(10);
    private static final Duration ON_A_TERMINAL = Duration.ofSeconds(1);

    private final Output how;
    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;
    private Duration next;

    /**
     * @param out for JSON
     * @param terminal whether {@code err} is one: a line is then written over, once a second
     */
    public TransferDisplay(Output how, PrintStream out, PrintStream err, boolean terminal) {
        this.how = how;
        this.out = out;
        this.err = err;
        this.terminal = terminal && how == Output.NORMAL;
        this.next = this.terminal ? ON_A_TERMINAL : EVERY;
    }

    /** Shows the event, or not. */
    public void show(TransferEvent event) {
        if (how == Output.JSON) {
            line(to -> json(to, event));
        } else if (how != Output.QUIET) {
            plain(event);
        }
    }

    /** Takes away what is not meant to stay. */
    public void close() {
        endLine();
    }

    private void plain(TransferEvent event) {
        if (event instanceof TransferEvent.Started started) {
            err.println(Text.clean("%s to %s".formatted(started.source(), started.target())));
        } else if (event instanceof TransferEvent.Warning warning) {
            endLine();
            Wording.told(Notice.warning(warning.message(), warning.hint())).forEach(err::println);
        } else if (event instanceof TransferEvent.Progress progress) {
            if (progress.elapsed().compareTo(next) >= 0) {
                next = progress.elapsed().plus(terminal ? ON_A_TERMINAL : EVERY);
                String text = Text.clean("%,d lines, %s, %s after %s%s"
                        .formatted(
                                progress.lines(),
                                Text.bytes(progress.bytes()),
                                Text.rate(progress.bytes(), progress.elapsed()),
                                Text.duration(progress.elapsed()),
                                progress.at().isEmpty() ? "" : ", " + progress.at()));
                if (terminal) {
                    err.print("\r\u001b[K" + Text.tail(text, 100));
                    err.flush();
                } else {
                    err.println(text);
                }
            }
        } else {
            endLine();
        }
    }

    private void endLine() {
        if (terminal) {
            err.print("\r\u001b[K");
            err.flush();
        }
    }

    private static void json(JsonGenerator to, TransferEvent event) throws IOException {
        if (event instanceof TransferEvent.Started started) {
            to.writeStringField("event", "started");
            to.writeStringField("source", started.source());
            to.writeStringField("target", started.target());
        } else if (event instanceof TransferEvent.Warning warning) {
            to.writeStringField("event", "warning");
            to.writeStringField("message", warning.message());
            to.writeStringField("hint", warning.hint());
        } else if (event instanceof TransferEvent.Progress progress) {
            to.writeStringField("event", "progress");
            Json.seconds(to, "elapsed_seconds", progress.elapsed());
            to.writeNumberField("lines", progress.lines());
            to.writeNumberField("values", progress.values());
            to.writeNumberField("bytes", progress.bytes());
            to.writeStringField("at", progress.at());
        } else if (event instanceof TransferEvent.Exported exported) {
            to.writeStringField("event", "exported");
            json(to, exported.report());
        } else if (event instanceof TransferEvent.Imported imported) {
            to.writeStringField("event", "imported");
            json(to, imported.report());
        } else if (event instanceof TransferEvent.Copied copied) {
            to.writeStringField("event", "copied");
            to.writeBooleanField(
                    "complete", copied.read().complete() && copied.written().complete());
            to.writeObjectFieldStart("read");
            json(to, copied.read());
            to.writeEndObject();
            to.writeObjectFieldStart("written");
            json(to, copied.written());
            to.writeEndObject();
        }
    }

    private static void json(JsonGenerator to, ExportReport report) throws IOException {
        to.writeBooleanField("complete", report.complete());
        to.writeStringField("source", report.source());
        texts(to, "outputs", report.outputs());
        Json.seconds(to, "elapsed_seconds", report.elapsed());
        to.writeNumberField("lines", report.lines());
        to.writeNumberField("values", report.values());
        to.writeNumberField("bytes", report.bytes());
        to.writeNumberField("stored_bytes", report.stored());
        to.writeNumberField("files", report.files());
        texts(to, "damage", report.damage());
        texts(to, "missing", report.missing());
        texts(to, "warnings", report.warnings());
    }

    private static void json(JsonGenerator to, ImportReport report) throws IOException {
        to.writeBooleanField("complete", report.complete());
        to.writeStringField("source", report.source());
        to.writeStringField("target", report.target());
        Json.seconds(to, "elapsed_seconds", report.elapsed());
        to.writeNumberField("files", report.files());
        to.writeNumberField("skipped_files", report.skipped());
        to.writeNumberField("statements", report.statements());
        to.writeNumberField("written", report.written());
        to.writeNumberField("rejected", report.rejected());
        if (report.rejectedBefore() > 0) {
            to.writeNumberField("rejected_before", report.rejectedBefore());
        }
        to.writeNumberField("requests", report.requests());
        to.writeNumberField("retries", report.retries());
        to.writeNumberField("bytes", report.bytes());
        if (report.rejects().isPresent()) {
            to.writeStringField("rejects", report.rejects().get());
        }
        to.writeArrayFieldStart("examples");
        for (ImportReport.Reject reject : report.examples()) {
            to.writeStartObject();
            to.writeStringField("file", reject.file());
            to.writeNumberField("line", reject.line());
            to.writeStringField("reason", reject.reason());
            to.writeEndObject();
        }
        to.writeEndArray();
        texts(to, "warnings", report.warnings());
    }

    private static void texts(JsonGenerator to, String name, List<String> texts) throws IOException {
        to.writeArrayFieldStart(name);
        for (String text : texts) {
            to.writeString(text);
        }
        to.writeEndArray();
    }

    private void line(Json.Fields fields) {
        out.println(Json.line(fields));
    }
}
