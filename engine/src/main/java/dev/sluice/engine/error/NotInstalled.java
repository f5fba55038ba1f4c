package dev.sluice.engine.error;

/** A server closed after an upload as if all were well, but the shard does not hold what was sent. */
public final class NotInstalled extends SluiceException {

    private static final long serialVersionUID = 1L;

    private final String shard;

    /**
     * @param shard on the server, as {@code database/policy/id}
     * @param problem as a clause: {@code lacks 000010001-000000001.tsm}
     */
    public NotInstalled(String shard, String problem) {
        super(
                "the server took the upload of shard %s, but afterwards the shard %s".formatted(shard, problem),
                "The server tells nobody but its log: look for 'snapshot' and 'Error'. A full disk and a file that it "
                        + "cannot index look like this.",
                null);
        this.shard = shard;
    }

    /** On the server, as {@code database/policy/id}. */
    public String shard() {
        return shard;
    }

    @Override
    public boolean worthRetrying() {
        return true;
    }
}
