package dev.sluice.engine.model;

import java.util.Optional;

/**
 * Names one shard: database, retention policy and the shard's id on its server.
 *
 * @param id unsigned 64-bit; print it with {@link Long#toUnsignedString(long)}
 */
public record ShardRef(String database, String policy, long id) {

    public ShardRef {
        Names.check("database", database);
        Names.check("retention policy", policy);
    }

    /**
     * Reads {@code database/policy/id} as the path list of the snapshot RPC gives it; servers on Windows
     * write backslashes. Neither separator can occur in a name.
     */
    public static Optional<ShardRef> parse(String path) {
        String[] parts = path.split("[/\\\\]", -1);
        if (parts.length != 3 || !Names.valid(parts[0]) || !Names.valid(parts[1])) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ShardRef(parts[0], parts[1], Long.parseUnsignedLong(parts[2])));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** The id in decimal, as file names and the manifest show it. */
    public String idText() {
        return Long.toUnsignedString(id);
    }

    /** {@code database/policy/id}. */
    @Override
    public String toString() {
        return database + "/" + policy + "/" + idText();
    }
}
