package dev.sluice.cli.option;

import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.TimeRange;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What to take: influxd's flags and their rules. */
public final class SelectionFlags {

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it before a flag is read
    private CommandSpec command;

    @Option(
            names = {"-db", "-database"},
            paramLabel = "NAME",
            converter = Values.Name.class,
            description = "Only this database. Default: all, users and all policies included.")
    private @Nullable String database;

    @Option(
            names = {"-rp", "-retention"},
            paramLabel = "NAME",
            converter = Values.Name.class,
            description = "Only this retention policy; needs -db or -shard.")
    private @Nullable String policy;

    @Option(
            names = "-shard",
            paramLabel = "ID",
            converter = Values.ShardId.class,
            description = "Only this shard; its database and policy are found by themselves.")
    private @Nullable Long shard;

    @Option(
            names = "-start",
            paramLabel = "TIME",
            converter = Values.Time.class,
            description = "Only shards with times from here on, as in 2026-01-31T00:00:00Z. Whole shards are taken.")
    private @Nullable Instant start;

    @Option(
            names = {"-stop", "-end"},
            paramLabel = "TIME",
            converter = Values.Time.class,
            description = "Only shards with times up to here.")
    private @Nullable Instant stop;

    @Option(
            names = "-since",
            paramLabel = "TIME",
            converter = Values.Time.class,
            description = "Only shards that changed after this time, each taken whole; not with -start or -stop.")
    private @Nullable Instant since;

    /**
     * The selection that was asked for.
     *
     * @throws UsageError where flags contradict each other
     */
    public Selection selection() {
        if (since != null && (start != null || stop != null)) {
            throw new UsageError(
                    "%s cannot be combined with %s"
                            .formatted(
                                    Given.name(command, "-since"),
                                    Given.name(command, start != null ? "-start" : "-stop")),
                    "-since asks for what changed since then, -start and -stop for times of points; choose one.");
        }
        if (start != null && stop != null && !start.isBefore(stop)) {
            throw new UsageError(
                    "%s must lie before %s: %s is not before %s"
                            .formatted(Given.name(command, "-start"), Given.name(command, "-stop"), start, stop),
                    "-start is the older one.");
        }
        if (policy != null && database == null && shard == null) {
            throw new UsageError(
                    "%s needs -db".formatted(Given.name(command, "-rp")),
                    "Policies of different databases may share a name; say which database is meant.");
        }
        Optional<TimeRange> time = start == null && stop == null
                ? Optional.empty()
                : Optional.of(
                        new TimeRange(start == null ? TimeRange.MIN : start, stop == null ? TimeRange.MAX : stop));
        return new Selection(
                Optional.ofNullable(database),
                Optional.ofNullable(policy),
                Optional.ofNullable(shard),
                time,
                Optional.ofNullable(since));
    }
}
