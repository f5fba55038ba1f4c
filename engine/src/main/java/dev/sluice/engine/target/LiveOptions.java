package dev.sluice.engine.target;

import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.Verification;
import java.util.Optional;

/**
 * How a live server is restored to.
 *
 * @param selection what the source was asked for
 * @param mapping new names; the database's only with a selected database, the policy's only with a selected policy
 * @param verification how it is proved that the server has what was sent
 * @param keepExpired policies in which a shard has expired keep their data for ever
 * @param subscriptions whether policies get theirs back: the server begins to send at once
 * @param intoExisting whether databases that exist take the shards too, and who wins then; empty: they stay as they are
 * @param cleanup whether a restore that fails drops the databases that it has created; needs the HTTP API
 */
public record LiveOptions(
        Selection selection,
        Mapping mapping,
        Verification verification,
        boolean keepExpired,
        boolean subscriptions,
        Optional<Conflict> intoExisting,
        boolean cleanup) {

    /** Everything under its own name, read back and compared. */
    public static final LiveOptions DEFAULT = new LiveOptions(
            Selection.EVERYTHING, Mapping.NONE, Verification.FULL, false, false, Optional.empty(), false);

    public LiveOptions {
        if (mapping.database().isPresent()
                && selection.database().isEmpty()
                && selection.shard().isEmpty()) {
            throw new IllegalArgumentException("a new name for a database needs the database");
        }
        if (mapping.policy().isPresent()
                && selection.policy().isEmpty()
                && selection.shard().isEmpty()) {
            throw new IllegalArgumentException("a new name for a retention policy needs the policy");
        }
    }
}
