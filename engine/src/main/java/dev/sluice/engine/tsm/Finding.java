package dev.sluice.engine.tsm;

import org.jspecify.annotations.Nullable;

/**
 * Something that a check found in a file.
 *
 * @param file its name, as the caller gave it
 * @param key whose data it is about, as text, where that is known
 * @param offset in the file, bytes
 * @param problem as a clause: {@code block has a wrong checksum}
 */
public record Finding(String file, @Nullable String key, long offset, Severity severity, String problem) {

    /** How bad it is. */
    public enum Severity {
        /** Something is lost or wrong. */
        DAMAGE,
        /** influxd does not write it so, and reads it all the same. */
        UNUSUAL
    }
}
