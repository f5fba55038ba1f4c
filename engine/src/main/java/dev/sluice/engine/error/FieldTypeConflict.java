package dev.sluice.engine.error;

/** A backup has a field with another type than the shard that it is to be merged into. */
public final class FieldTypeConflict extends SluiceException {

    private static final long serialVersionUID = 1L;

    /**
     * @param shard on the server, as {@code database/policy/id}
     * @param conflict as a sentence
     */
    public FieldTypeConflict(String shard, String conflict) {
        super(
                "the backup does not fit into shard %s: %s".formatted(shard, conflict),
                "Nothing was changed in this shard. Restore the database under another name with -newdb, "
                        + "or drop the measurement on the server first.",
                null);
    }
}
