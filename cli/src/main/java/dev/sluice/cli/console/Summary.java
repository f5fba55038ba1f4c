package dev.sluice.cli.console;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Notice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The last word on a copy: what came of it for stdout, what is missing for stderr. */
public final class Summary {

    private Summary() {}

    /** What came of it. */
    public static List<String> lines(CopyReport report) {
        List<String> lines = new ArrayList<>();
        int stored = report.stored().size();
        int missing = report.missing().size();
        long unchanged = report.outcomes().stream()
                .filter(ShardOutcome.Unchanged.class::isInstance)
                .count();
        lines.add(headline(report, stored, missing));
        if (stored > 0) {
            lines.add(fact(
                    "read",
                    "%s in %s, %s"
                            .formatted(
                                    Text.bytes(report.rawBytes()),
                                    Text.duration(report.elapsed()),
                                    Text.rate(report.rawBytes(), report.elapsed()))));
            if (report.task() != Task.RESTORE && report.task() != Task.VERIFY) {
                lines.add(fact(
                        "stored",
                        "%s, %s%s".formatted(Text.bytes(report.storedBytes()), report.compression(), ratio(report))));
                lines.add(fact("fsync", Text.duration(report.syncing()) + (stored > 1 ? " over all shards" : "")));
            }
            longest(report)
                    .ifPresent(shard -> lines.add(fact(
                            "longest",
                            "%s, %s for %s"
                                    .formatted(
                                            shard.ref(),
                                            Text.duration(shard.elapsed()),
                                            Text.bytes(shard.receipt().rawBytes())))));
        }
        if (unchanged > 0) {
            lines.add(fact("unchanged", Text.count(unchanged, "shard") + " not taken"));
        }
        lines.add(fact("retries", Integer.toString(report.retries())));
        if (!report.notices().isEmpty()) {
            lines.add(fact("notices", Integer.toString(report.notices().size())));
        }
        if (!report.location().isBlank()) {
            lines.add(fact(report.location().endsWith(".manifest") ? "manifest" : "target", report.location()));
        }
        return lines.stream().map(Text::clean).toList();
    }

    /** Each shard that is missing, why, and what to do; empty if all is there. */
    public static List<String> missing(CopyReport report) {
        List<String> lines = new ArrayList<>();
        List<ShardOutcome> missing = report.missing();
        if (!missing.isEmpty()) {
            lines.add("sluice: %s missing from this %s"
                    .formatted(
                            areMissing(missing.size()),
                            Wording.name(report.task()).toLowerCase(Locale.ROOT)));
        }
        for (ShardOutcome outcome : missing) {
            lines.add("  shard %s: %s".formatted(outcome.ref(), Wording.reason(outcome)));
            String remedy = Wording.remedy(outcome);
            if (!remedy.isEmpty()) {
                lines.add("    hint: " + remedy);
            }
        }
        return lines.stream().map(Text::clean).toList();
    }

    private static String headline(CopyReport report, int stored, int missing) {
        String task = Wording.name(report.task());
        if (report.task() == Task.VERIFY && report.damaged()) {
            return "%s of %s found DAMAGE: %s damaged or unreadable, %d %s."
                    .formatted(
                            task,
                            report.source(),
                            Text.count(report.missing().size() + damaged(report), "place"),
                            stored,
                            stored == 1 ? "shard was read" : "shards were read");
        }
        if (missing > 0) {
            return "%s of %s %s: %s missing, %d %s."
                    .formatted(task, report.source(), state(report), areMissing(missing), stored, done(report.task()));
        }
        if (report.outcomes().isEmpty()) {
            return "%s of %s %s: there is no shard to take, only the metadata."
                    .formatted(task, report.source(), state(report));
        }
        return "%s of %s %s: %s %s."
                .formatted(
                        task,
                        report.source(),
                        state(report),
                        Text.count(stored, "shard"),
                        report.task() == Task.VERIFY ? "checked" : "checked and " + done(report.task()));
    }

    private static String state(CopyReport report) {
        if (report.damaged()) {
            return "found DAMAGE in %s%s"
                    .formatted(Text.count(damaged(report), "place"), report.complete() ? "" : " and is NOT complete");
        }
        return report.complete() ? "complete" : "is NOT complete";
    }

    private static long damaged(CopyReport report) {
        return report.notices().stream()
                .filter(notice -> notice.kind() == Notice.Kind.DAMAGED)
                .count();
    }

    private static String done(Task task) {
        return switch (task) {
            case BACKUP, COPY -> "stored";
            case RESTORE -> "restored";
            case VERIFY -> "checked";
        };
    }

    private static String areMissing(int count) {
        return Text.count(count, "shard") + (count == 1 ? " is" : " are");
    }

    private static String ratio(CopyReport report) {
        return report.storedBytes() == 0 || report.rawBytes() == 0
                ? ""
                : String.format(Locale.ROOT, ", ratio %.2f", (double) report.rawBytes() / report.storedBytes());
    }

    private static Optional<ShardOutcome.Stored> longest(CopyReport report) {
        return report.outcomes().stream()
                .filter(ShardOutcome.Stored.class::isInstance)
                .map(ShardOutcome.Stored.class::cast)
                .max(Comparator.comparing(ShardOutcome.Stored::elapsed));
    }

    private static String fact(String name, String value) {
        return "  " + Text.padRight(name, 10) + value;
    }
}
