package dev.sluice.engine;

import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;

/**
 * Check a backup, a stream or a live server.
 *
 * @param deep also decode every value of string blocks, which the check of blocks leaves out
 * @param chain put increments of influxd together, oldest first
 * @param allowIncomplete of a stream that is cut short or damaged, check what had arrived whole
 */
public record VerifyRequest(
        End from, Selection selection, boolean deep, boolean chain, boolean allowIncomplete, Pace pace) {

    /** All of it, every block, as many shards side by side as there are processors, and two at least. */
    public static VerifyRequest of(End from) {
        return new VerifyRequest(
                from,
                Selection.EVERYTHING,
                false,
                false,
                false,
                Pace.DEFAULT.withConcurrency(Math.max(2, Runtime.getRuntime().availableProcessors())));
    }
}
