package dev.sluice.engine.model;

import java.util.Optional;

/**
 * New names for what is copied. Empty means the old name.
 *
 * @param database for the only database that the selection names
 * @param policy for the only retention policy that the selection names
 */
public record Mapping(Optional<String> database, Optional<String> policy) {

    /** All keep their names. */
    public static final Mapping NONE = new Mapping(Optional.empty(), Optional.empty());

    public Mapping {
        database.ifPresent(name -> Names.check("database", name));
        policy.ifPresent(name -> Names.check("retention policy", name));
    }

    /** The shard under its new names; the id is the source's. */
    public ShardRef rename(ShardRef ref) {
        return new ShardRef(database.orElse(ref.database()), policy.orElse(ref.policy()), ref.id());
    }
}
