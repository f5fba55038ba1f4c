package dev.sluice.engine;

import dev.sluice.engine.line.SeriesFilter;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.transfer.ExportOptions;
import dev.sluice.engine.transfer.ImportOptions;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Write the points of a backup, a server or its directories into a server over HTTP. Shards need not match: every point
 * goes where the server puts it.
 *
 * @param selection what to take; of a span of time exactly the points in it
 * @param mapping new names
 * @param pace how many requests are in flight; its retries and time limits are those of the questions to a live source
 * @param chain put increments of influxd together, oldest first
 * @param skipErrors go on without blocks and files that cannot be read, and name them in the report
 * @param allowIncomplete of a stream that is cut short or damaged, take what had arrived whole
 * @param scratch room for the largest shard
 * @param rejects receives what the server does not take; empty: it is only counted
 */
public record LineCopyRequest(
        End from,
        HttpAccess to,
        Selection selection,
        Mapping mapping,
        Pace pace,
        boolean chain,
        boolean skipErrors,
        boolean allowIncomplete,
        Path scratch,
        Optional<Path> rejects) {

    ReadOptions readOptions() {
        return new ReadOptions(chain, skipErrors, allowIncomplete, scratch);
    }

    /**
     * What a copy asks for, as points. Its options that are about archives, or about shards as they are, have no meaning
     * here, nor has its target.
     */
    public static LineCopyRequest of(CopyRequest copy, HttpAccess to) {
        return new LineCopyRequest(
                copy.from(),
                to,
                copy.selection(),
                copy.mapping(),
                copy.pace(),
                copy.chain(),
                copy.skipErrors(),
                copy.allowIncomplete(),
                copy.scratch(),
                Optional.empty());
    }

    /** The same with a file for what the server does not take. */
    public LineCopyRequest withRejects(Path file) {
        return new LineCopyRequest(
                from, to, selection, mapping, pace, chain, skipErrors, allowIncomplete, scratch, Optional.of(file));
    }

    /** Every field of a point in one line, with statements that make its database and policy. */
    ExportOptions reading() {
        Optional<TimeRange> time = selection.time();
        return new ExportOptions(
                selection.database(),
                selection.policy(),
                time.map(span -> nanos(span.start())).orElse(Long.MIN_VALUE),
                time.map(span -> nanos(span.end())).orElse(Long.MAX_VALUE),
                false,
                true,
                SeriesFilter.ALL,
                OptionalLong.empty(),
                !skipErrors);
    }

    /** A time beyond those that a point can have counts as the last of these. */
    private static long nanos(Instant time) {
        Instant there =
                time.isBefore(TimeRange.MIN) ? TimeRange.MIN : time.isAfter(TimeRange.MAX) ? TimeRange.MAX : time;
        // The product wraps in the lowest second, and the sum wraps back.
        return there.getEpochSecond() * 1_000_000_000L + there.getNano();
    }

    ImportOptions writing() {
        ImportRequest.Builder request =
                ImportRequest.ofStandardInput(to.endpoint()).concurrency(pace.concurrency());
        rejects.ifPresent(request::rejects);
        return request.build().options();
    }
}
