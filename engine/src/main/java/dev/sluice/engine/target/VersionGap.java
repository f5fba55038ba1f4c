package dev.sluice.engine.target;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerVersion;
import java.util.Optional;

/** Whether a backup's server and the one that it is restored to are too far apart to say nothing. */
final class VersionGap {

    /** From here on newer servers take what older ones wrote. */
    private static final ServerVersion SETTLED = new ServerVersion(1, 8, 0);

    private VersionGap() {}

    /** @param source empty if the backup does not tell: then there is nothing to compare */
    static Optional<Notice> between(Optional<ServerVersion> source, ServerVersion target) {
        return source.filter(from -> from.minorsApart(target) > 1)
                .filter(from ->
                        from.compareTo(SETTLED) < 0 || from.compareTo(target) > 0 || from.major() != target.major())
                .map(from -> Notice.warning(
                        "the backup is of influxd %s and the server is %s: more than one minor version lies between them"
                                .formatted(from, target),
                        from.compareTo(target) > 0
                                ? "What the newer one has and the older one does not know is lost, such as write limits of "
                                        + "policies before 1.12. Compare some answers."
                                : "InfluxDB is made to be upgraded step by step. Compare some answers."));
    }
}
