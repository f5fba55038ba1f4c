package dev.sluice.cli;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Events and reports as an engine tells them. */
public final class Samples {

    private Samples() {}

    public static ShardRef shard(long id) {
        return new ShardRef("telemetry", "autogen", id);
    }

    public static ShardOutcome.Stored stored(long id, long raw, long stored, int attempts, long millis) {
        return new ShardOutcome.Stored(
                new ShardReceipt(
                        shard(id),
                        raw,
                        stored,
                        "20261123T000000Z.s" + id + ".tar.gz",
                        Compression.GZIP,
                        Optional.of(new Digest(Digest.Algorithm.CRC32C, "1a2b3c4d")),
                        List.of("000000001-000000001.tsm"),
                        Duration.ofMillis(120)),
                attempts,
                Duration.ofMillis(millis));
    }

    public static ArchiveDamaged damaged(long id) {
        return new ArchiveDamaged(shard(id).toString(), "ended in the middle of x.tsm", 512);
    }

    public static CopyReport report(ShardOutcome... outcomes) {
        return new CopyReport(
                Task.BACKUP,
                "localhost:8088",
                "/backups/monday/20261123T000000Z.manifest",
                Instant.parse("2026-11-23T00:00:00Z"),
                Duration.ofMillis(6900),
                Compression.GZIP,
                List.of(outcomes),
                1,
                List.of());
    }

    public static CopyReport whole() {
        return report(stored(1, 412_300_000, 305_400_000, 1, 4100), stored(2, 400_100_000, 300_000_000, 2, 2100));
    }

    public static CopyReport partial() {
        return report(
                stored(1, 1_000_000, 500_000, 1, 100),
                new ShardOutcome.NotOffered(shard(2), Absence.notOpen(shard(2))),
                new ShardOutcome.DroppedMeanwhile(shard(3)),
                new ShardOutcome.Failed(shard(-1), damaged(-1), 6),
                new ShardOutcome.Unchanged(shard(5)));
    }

    public static Event.Started started(int shards) {
        return new Event.Started(Task.BACKUP, "localhost:8088", "/backups/monday", shards, OptionalLong.empty());
    }

    public static Event.Progress progress(
            long millis, long raw, long stored, int done, int shards, Event.Running... running) {
        return new Event.Progress(Duration.ofMillis(millis), raw, stored, done, shards, List.of(running));
    }

    public static Event.Running running(long id, int attempt, long raw, long stored) {
        return new Event.Running(shard(id), attempt, raw, stored);
    }
}
