package dev.sluice.engine.event;

import java.time.Duration;
import java.util.List;

/**
 * The end of an export.
 *
 * @param outputs the files that were written, for people
 * @param lines of line protocol, comments and statements not counted
 * @param values of fields
 * @param bytes of text, before compression
 * @param stored bytes that were written
 * @param files data files that were read, write-ahead logs included
 * @param damage what could not be read, and is missing therefore
 * @param missing what was asked for and not offered or not read, for another reason than damage
 */
public record ExportReport(
        String source,
        List<String> outputs,
        Duration elapsed,
        long lines,
        long values,
        long bytes,
        long stored,
        long files,
        List<String> damage,
        List<String> missing,
        List<String> warnings) {

    public ExportReport {
        outputs = List.copyOf(outputs);
        damage = List.copyOf(damage);
        missing = List.copyOf(missing);
        warnings = List.copyOf(warnings);
    }

    /** Whether all that was asked for is in the output. */
    public boolean complete() {
        return damage.isEmpty() && missing.isEmpty();
    }
}
