package dev.sluice.engine.transfer;

import dev.sluice.engine.line.SeriesFilter;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is exported, and how it looks.
 *
 * @param start first time to take, nanoseconds since 1970
 * @param end last time to take
 * @param pointsOnly neither comments nor statements
 * @param mergeFields one line for all fields of a point, values that were overwritten or deleted left out; else a line
 *     for each value, as {@code influx_inspect export} has it
 * @param split bytes of text after which a new file begins; empty: never
 * @param strict end at the first thing that cannot be read
 */
public record ExportOptions(
        Optional<String> database,
        Optional<String> policy,
        long start,
        long end,
        boolean pointsOnly,
        boolean mergeFields,
        SeriesFilter filter,
        OptionalLong split,
        boolean strict) {

    public ExportOptions {
        if (end < start) {
            throw new IllegalArgumentException("the end lies before the start");
        }
        if (split.isPresent() && split.getAsLong() < 1) {
            throw new IllegalArgumentException("parts must have a size");
        }
    }

    Window window() {
        return new Window(start, end);
    }
}
