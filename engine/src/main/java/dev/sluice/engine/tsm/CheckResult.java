package dev.sluice.engine.tsm;

import java.util.List;

/**
 * What the check of one file came to.
 *
 * @param file its name, as the caller gave it
 * @param bytes that were read of it
 * @param keys in its index, or deletions of a tombstone
 * @param blocks that are sound
 * @param values that the sound blocks hold
 * @param findings the first ones, at most {@value Findings#MOST}
 * @param unlisted how many findings there are beyond those
 * @param damaged whether any of them is damage, listed or not
 */
public record CheckResult(
        String file,
        long bytes,
        long keys,
        long blocks,
        long values,
        List<Finding> findings,
        long unlisted,
        boolean damaged) {

    public CheckResult {
        findings = List.copyOf(findings);
    }
}
