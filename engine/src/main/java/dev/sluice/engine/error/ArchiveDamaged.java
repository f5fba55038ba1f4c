package dev.sluice.engine.error;

/** A shard's archive is cut short or is not a well-formed tar of that shard. */
public final class ArchiveDamaged extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final String shard;
    private final long received;

    /**
     * @param shard as {@code database/policy/id}
     * @param problem what is wrong, as a clause: {@code ended in the middle of x.tsm}
     * @param received bytes of the archive until then
     */
    public ArchiveDamaged(String shard, String problem, long received) {
        super(
                "archive of shard %s %s, after %d bytes".formatted(shard, problem, received),
                "Nothing of this attempt is kept. Look for 'snapshot' in the server's log, then try this shard again.",
                null);
        this.shard = shard;
        this.received = received;
    }

    /** As {@code database/policy/id}. */
    public String shard() {
        return shard;
    }

    /** Bytes of the archive until then. */
    public long received() {
        return received;
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }

    @Override
    public boolean tellsOfDamage() {
        return true;
    }
}
