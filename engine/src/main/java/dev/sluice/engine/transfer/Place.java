package dev.sluice.engine.transfer;

import dev.sluice.engine.http.WriteTarget;
import java.util.Optional;

/**
 * The context of a point: a database and a retention policy.
 *
 * @param policy empty for the database's default
 */
record Place(String database, String policy) {

    WriteTarget target(ImportOptions options) {
        return options.bucket()
                .<WriteTarget>map(bucket -> new WriteTarget.Bucket(
                        bucket.org(),
                        bucket.name().replace("{db}", database).replace("{rp}", policy),
                        options.precision()))
                .orElseGet(() -> new WriteTarget.Database(
                        database,
                        policy.isEmpty() ? Optional.empty() : Optional.of(policy),
                        options.precision(),
                        options.consistency()));
    }
}
