package dev.sluice.engine.model;

import java.time.Instant;
import java.util.Optional;

/**
 * What to take from a source. Empty means all.
 *
 * @param shard id of the only shard to take; its database and policy are found in the metadata
 * @param time shards whose group lies outside are not asked for; whole shards are taken, not points
 * @param since only shards that changed after this instant of the server's clock; a changed shard is taken
 *     whole. Excludes {@code time}
 */
public record Selection(
        Optional<String> database,
        Optional<String> policy,
        Optional<Long> shard,
        Optional<TimeRange> time,
        Optional<Instant> since) {

    public static final Selection EVERYTHING =
            new Selection(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    public Selection {
        if (since.isPresent() && time.isPresent()) {
            throw new IllegalArgumentException("since cannot be combined with a time range");
        }
        if (policy.isPresent() && database.isEmpty() && shard.isEmpty()) {
            throw new IllegalArgumentException("a retention policy needs its database");
        }
    }

    public Selection withDatabase(String name) {
        return new Selection(Optional.of(name), policy, shard, time, since);
    }

    /** Whether database, policy and shard id let this shard pass; time is the catalog's matter. */
    public boolean names(ShardRef ref) {
        return database.map(ref.database()::equals).orElse(true)
                && policy.map(ref.policy()::equals).orElse(true)
                && shard.map(id -> id == ref.id()).orElse(true);
    }
}
