package dev.sluice.engine.event;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardReceipt;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of a copy that was sealed.
 *
 * @param source for people
 * @param location of the result, for people: the manifest's path, or the server
 * @param outcomes one for each shard, in the source's order
 * @param retries attempts beyond the first, over all shards
 * @param notices what there is to know beside the shards
 */
public record CopyReport(
        Task task,
        String source,
        String location,
        Instant started,
        Duration elapsed,
        Compression compression,
        List<ShardOutcome> outcomes,
        int retries,
        List<Notice> notices) {

    public CopyReport {
        outcomes = List.copyOf(outcomes);
        notices = List.copyOf(notices);
    }

    /** What has arrived whole, in the order of the source. */
    public List<ShardReceipt> stored() {
        return outcomes.stream()
                .filter(ShardOutcome.Stored.class::isInstance)
                .map(o -> ((ShardOutcome.Stored) o).receipt())
                .toList();
    }

    /** What was asked for and is not there; empty when all is done. */
    public List<ShardOutcome> missing() {
        return outcomes.stream().filter(ShardOutcome::missing).toList();
    }

    /** Whether nothing that was asked for is missing, be it a shard or something else. */
    public boolean complete() {
        return missing().isEmpty() && !has(Notice.Kind.MISSING);
    }

    /** Whether something that was read is damaged; for a verification an archive that is broken off is so too. */
    public boolean damaged() {
        return has(Notice.Kind.DAMAGED)
                || (task == Task.VERIFY
                        && outcomes.stream()
                                .anyMatch(outcome -> outcome instanceof ShardOutcome.Failed failed
                                        && failed.why().tellsOfDamage()));
    }

    /** The report with one notice more. */
    public CopyReport with(Notice notice) {
        List<Notice> all = new ArrayList<>(notices);
        all.add(notice);
        return new CopyReport(task, source, location, started, elapsed, compression, outcomes, retries, all);
    }

    private boolean has(Notice.Kind kind) {
        return notices.stream().anyMatch(notice -> notice.kind() == kind);
    }

    /** Bytes of the stored shards' tars, before compression. */
    public long rawBytes() {
        return stored().stream().mapToLong(ShardReceipt::rawBytes).sum();
    }

    /** Bytes that came to rest of them, after compression; for a server, that were sent. */
    public long storedBytes() {
        return stored().stream().mapToLong(ShardReceipt::storedBytes).sum();
    }

    /** Time spent on making files durable, added up over shards that were written side by side. */
    public Duration syncing() {
        return stored().stream().map(ShardReceipt::syncing).reduce(Duration.ZERO, Duration::plus);
    }
}
