package dev.sluice.cli.console;

import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardReceipt;
import java.util.List;
import java.util.Locale;

/** Events as sentences, for terminals and logs alike. */
final class Wording {

    private Wording() {}

    static String started(Event.Started event) {
        String size = event.rawBytes().isPresent()
                ? ", " + Text.bytes(event.rawBytes().getAsLong())
                : "";
        String way = event.task() == Task.VERIFY ? event.source() : event.source() + " to " + event.target();
        return Text.clean("%s %s: %s%s".formatted(doing(event.task()), way, Text.count(event.shards(), "shard"), size));
    }

    /** {@code warning:}. */
    static String kind(Notice notice) {
        return notice.kind().name().toLowerCase(Locale.ROOT) + ":";
    }

    static String message(Notice notice) {
        return Text.clean(notice.message());
    }

    /** All of it, as lines: what it is, and what to do. */
    static List<String> told(Notice notice) {
        String line = kind(notice) + " " + message(notice);
        return notice.hint().isBlank() ? List.of(line) : List.of(line, hint(notice.hint()));
    }

    /** What the task is called at the start of a sentence. */
    static String name(Task task) {
        return switch (task) {
            case BACKUP -> "Backup";
            case RESTORE -> "Restore";
            case COPY -> "Copy";
            case VERIFY -> "Verification";
        };
    }

    private static String doing(Task task) {
        return switch (task) {
            case BACKUP -> "Backing up";
            case RESTORE -> "Restoring";
            case COPY -> "Copying";
            case VERIFY -> "Verifying";
        };
    }

    static String hint(String hint) {
        return "  hint: " + Text.clean(hint);
    }

    static String retried(Event.ShardRetried event) {
        return Text.clean("shard %s, attempt %d failed: %s; next one in %s"
                .formatted(event.ref(), event.attempt(), event.why().getMessage(), Text.duration(event.pause())));
    }

    static String outcome(ShardOutcome outcome) {
        String what;
        if (outcome instanceof ShardOutcome.Stored stored) {
            ShardReceipt receipt = stored.receipt();
            boolean kept = !receipt.location().isEmpty();
            what = "%s %s%s, %s%s"
                    .formatted(
                            Text.bytes(receipt.rawBytes()),
                            kept ? "read" : "checked",
                            kept ? ", %s stored".formatted(Text.bytes(receipt.storedBytes())) : "",
                            Text.duration(stored.elapsed()),
                            stored.attempts() > 1 ? ", attempt " + stored.attempts() : "");
        } else if (outcome instanceof ShardOutcome.Unchanged) {
            what = "unchanged, not taken";
        } else {
            what = "MISSING: " + reason(outcome);
        }
        return Text.clean(outcome.ref() + ": " + what);
    }

    static String missing(ShardOutcome outcome) {
        return Text.clean(outcome.ref() + ": " + reason(outcome));
    }

    /** A shard that is missing from a listing, and what to do about it. */
    static List<String> told(ShardOutcome missing) {
        return told(Notice.missing("shard %s: %s".formatted(missing.ref(), reason(missing)), remedy(missing)));
    }

    /** Why a shard is missing. */
    static String reason(ShardOutcome outcome) {
        return outcome instanceof ShardOutcome.Failed failed
                ? "given up after %s: %s".formatted(Text.count(failed.attempts(), "attempt"), failed.reason())
                : outcome.reason();
    }

    /** What to do about a missing shard; empty where the reason says it. */
    static String remedy(ShardOutcome outcome) {
        if (outcome instanceof ShardOutcome.Failed failed) {
            return failed.why().hint() + " '-shard " + outcome.ref().idText() + "' takes this one alone.";
        }
        if (outcome instanceof ShardOutcome.NotOffered not) {
            return not.absence().hint();
        }
        if (outcome instanceof ShardOutcome.Refused) {
            return ""; // alone it would be refused as well
        }
        return "Nothing, if its retention policy let it expire or somebody deleted it.";
    }
}
