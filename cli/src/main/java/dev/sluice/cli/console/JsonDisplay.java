package dev.sluice.cli.console;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.ShardReceipt;
import java.io.IOException;
import java.io.PrintStream;

/**
 * One JSON object a line for each event; {@code event} names its kind. The last line is {@code finished} with
 * the report, or {@code error}, which whoever runs the copy adds. Bytes are whole numbers, lengths of time are seconds with decimals, shard ids
 * are unsigned.
 */
public final class JsonDisplay implements Display {

    private final PrintStream out;

    public JsonDisplay(PrintStream out) {
        this.out = out;
    }

    @Override
    public void show(Event event) {
        line(to -> event(to, event));
    }

    /** The object, on one line, that tells of it. */
    public static String error(Failure failure) {
        return Json.line(to -> {
            to.writeStringField("event", "error");
            to.writeStringField("error", failure.name());
            to.writeStringField("message", failure.message());
            to.writeStringField("hint", failure.hint());
            to.writeNumberField("exit", failure.exitCode());
        });
    }

    private static void event(JsonGenerator to, Event event) throws IOException {
        if (event instanceof Event.Started started) {
            to.writeStringField("event", "started");
            to.writeStringField("task", Json.word(started.task()));
            to.writeStringField("source", started.source());
            to.writeStringField("target", started.target());
            to.writeNumberField("shards", started.shards());
            if (started.rawBytes().isPresent()) {
                to.writeNumberField("raw_bytes", started.rawBytes().getAsLong());
            }
        } else if (event instanceof Event.Told told) {
            to.writeStringField("event", "notice");
            Json.notice(to, told.notice());
        } else if (event instanceof Event.ShardStarted started) {
            to.writeStringField("event", "shard_started");
            Json.ref(to, started.ref());
            to.writeNumberField("attempt", started.attempt());
        } else if (event instanceof Event.ShardRetried retried) {
            to.writeStringField("event", "shard_retried");
            Json.ref(to, retried.ref());
            to.writeNumberField("attempt", retried.attempt());
            Json.error(to, retried.why());
            Json.seconds(to, "pause_seconds", retried.pause());
        } else if (event instanceof Event.ShardFinished finished) {
            to.writeStringField("event", "shard_finished");
            outcome(to, finished.outcome());
        } else if (event instanceof Event.Progress progress) {
            progress(to, progress);
        } else if (event instanceof Event.Finished finished) {
            to.writeStringField("event", "finished");
            report(to, finished.report());
        }
    }

    private static void progress(JsonGenerator to, Event.Progress progress) throws IOException {
        to.writeStringField("event", "progress");
        Json.seconds(to, "elapsed_seconds", progress.elapsed());
        to.writeNumberField("raw_bytes", progress.rawBytes());
        to.writeNumberField("stored_bytes", progress.storedBytes());
        to.writeNumberField("done", progress.done());
        to.writeNumberField("shards", progress.shards());
        to.writeArrayFieldStart("running");
        for (Event.Running running : progress.running()) {
            to.writeStartObject();
            Json.ref(to, running.ref());
            to.writeNumberField("attempt", running.attempt());
            to.writeNumberField("raw_bytes", running.rawBytes());
            to.writeNumberField("stored_bytes", running.storedBytes());
            to.writeEndObject();
        }
        to.writeEndArray();
    }

    private static void report(JsonGenerator to, CopyReport report) throws IOException {
        to.writeStringField("task", Json.word(report.task()));
        to.writeBooleanField("complete", report.complete());
        to.writeBooleanField("damaged", report.damaged());
        to.writeStringField("source", report.source());
        to.writeStringField("location", report.location());
        to.writeStringField("started", report.started().toString());
        Json.seconds(to, "elapsed_seconds", report.elapsed());
        to.writeStringField("compression", report.compression().toString());
        to.writeNumberField("raw_bytes", report.rawBytes());
        to.writeNumberField("stored_bytes", report.storedBytes());
        Json.seconds(to, "fsync_seconds", report.syncing());
        to.writeNumberField("retries", report.retries());
        Json.notices(to, report.notices());
        to.writeNumberField("missing", report.missing().size());
        to.writeArrayFieldStart("shards");
        for (ShardOutcome outcome : report.outcomes()) {
            to.writeStartObject();
            outcome(to, outcome);
            to.writeEndObject();
        }
        to.writeEndArray();
    }

    private static void outcome(JsonGenerator to, ShardOutcome outcome) throws IOException {
        Json.ref(to, outcome.ref());
        to.writeStringField("outcome", name(outcome));
        if (outcome instanceof ShardOutcome.Stored stored) {
            ShardReceipt receipt = stored.receipt();
            to.writeNumberField("attempts", stored.attempts());
            Json.seconds(to, "elapsed_seconds", stored.elapsed());
            to.writeNumberField("raw_bytes", receipt.rawBytes());
            to.writeNumberField("stored_bytes", receipt.storedBytes());
            to.writeStringField("location", receipt.location());
            to.writeStringField("compression", receipt.compression().toString());
            if (receipt.digest().isPresent()) {
                to.writeStringField("digest", receipt.digest().get().toString());
            }
            to.writeNumberField("files", receipt.files().size());
            Json.seconds(to, "fsync_seconds", receipt.syncing());
        } else if (outcome instanceof ShardOutcome.Failed failed) {
            to.writeNumberField("attempts", failed.attempts());
            Json.error(to, failed.why());
        } else if (outcome.missing()) {
            to.writeStringField("message", Wording.reason(outcome));
            to.writeStringField("hint", Wording.remedy(outcome));
        }
    }

    private static String name(ShardOutcome outcome) {
        if (outcome instanceof ShardOutcome.Stored) {
            return "stored";
        }
        if (outcome instanceof ShardOutcome.Unchanged) {
            return "unchanged";
        }
        if (outcome instanceof ShardOutcome.DroppedMeanwhile) {
            return "dropped";
        }
        if (outcome instanceof ShardOutcome.Refused) {
            return "refused";
        }
        return outcome instanceof ShardOutcome.NotOffered ? "not_offered" : "failed";
    }

    private void line(Json.Fields fields) {
        out.println(Json.line(fields));
    }
}
