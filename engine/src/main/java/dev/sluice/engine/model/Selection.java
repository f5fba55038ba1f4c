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

    /** The same of one database only. */
    public Selection withDatabase(String name) {
        return new Selection(Optional.of(name), policy, shard, time, since);
    }

    /**
     * The same of one retention policy only.
     *
     * @throws IllegalArgumentException if neither database nor shard is named yet
     */
    public Selection withPolicy(String name) {
        return new Selection(database, Optional.of(name), shard, time, since);
    }

    /**
     * The same of one shard only.
     *
     * @param id on its server, as {@link ShardRef} has it
     */
    public Selection withShard(long id) {
        return new Selection(database, policy, Optional.of(id), time, since);
    }

    /**
     * The same of a span of time only.
     *
     * @throws IllegalArgumentException if {@code since} is set
     */
    public Selection withTime(TimeRange range) {
        return new Selection(database, policy, shard, Optional.of(range), since);
    }

    /**
     * The same of what changed afterwards only.
     *
     * @throws IllegalArgumentException if {@code time} is set
     */
    public Selection withSince(Instant instant) {
        return new Selection(database, policy, shard, time, Optional.of(instant));
    }

    /** Whether database, policy and shard id let this shard pass; time is the catalog's matter. */
    public boolean names(ShardRef ref) {
        return database.map(ref.database()::equals).orElse(true)
                && policy.map(ref.policy()::equals).orElse(true)
                && shard.map(id -> id == ref.id()).orElse(true);
    }
}
