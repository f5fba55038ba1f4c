package dev.sluice.engine.model;

/** Who wins where a backup and a shard that exists have a value for the same point. */
public enum Conflict {
    /** The backup's value. */
    BACKUP,
    /** The value that is there. */
    EXISTING
}
