package dev.sluice.engine;

import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.source.ReadOptions;
import java.nio.file.Path;

/**
 * Look into the shards of a backup, a stream or a server.
 *
 * @param values whether blocks are read too: how many values they have and how they are encoded stands nowhere else
 * @param scratch room for the largest shard, where {@code from} is no directory of a stopped server
 * @param retries attempts after the first, for each shard of a live server
 */
public record InspectRequest(
        End from, Selection selection, boolean values, Path scratch, int retries, Timeouts timeouts) {

    public InspectRequest {
        if (retries < 0) {
            throw new IllegalArgumentException("retries must not be negative, was " + retries);
        }
    }

    /** All shards, values counted. */
    public static InspectRequest of(End from) {
        return new InspectRequest(
                from, Selection.EVERYTHING, true, ReadOptions.SCRATCH, Pace.DEFAULT_RETRIES, Timeouts.DEFAULT);
    }

    /** The same of some shards only. */
    public InspectRequest withSelection(Selection value) {
        return new InspectRequest(from, value, values, scratch, retries, timeouts);
    }

    /** The same with another scratch directory. */
    public InspectRequest withScratch(Path value) {
        return new InspectRequest(from, selection, values, value, retries, timeouts);
    }

    /** Only the indexes are read: no number of values, no encodings. */
    public InspectRequest withoutValues() {
        return new InspectRequest(from, selection, false, scratch, retries, timeouts);
    }
}
