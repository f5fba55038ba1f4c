package dev.sluice.engine.error;

/**
 * A source takes back what it gave of a shard: the rest is not coming, or the whole shard comes again later. The
 * attempt does not count, and asking again is of no use.
 */
public final class ShardWithdrawn extends SluiceException {

    private static final long serialVersionUID = 1L;

    /**
     * @param shard as {@code database/policy/id}
     * @param why as a clause: {@code was sent again later}
     */
    public ShardWithdrawn(String shard, String why) {
        super("what came of shard %s does not count: %s".formatted(shard, why), "", null);
    }
}
