package dev.sluice.cli.command;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;

/** What the process ends with; scripts rely on these. */
public final class ExitCode {

    /** All that was asked for is done and checked. */
    public static final int OK = 0;

    /** Nothing usable came of it, or what was named is not there. */
    public static final int FAILED = 1;

    /** The command was not understood, or asks for what cannot be. */
    public static final int USAGE = 2;

    /** Done, but something that was asked for is missing; the report names it. */
    public static final int PARTIAL = 3;

    /** What was read is damaged. */
    public static final int DAMAGED = 4;

    /** Ended by Ctrl-C. */
    public static final int INTERRUPTED = 130;

    private ExitCode() {}

    /** For a copy that ended with an error. */
    public static int of(SluiceException error) {
        if (error instanceof InvalidRequest) {
            return USAGE;
        }
        return error.tellsOfDamage() ? DAMAGED : FAILED;
    }

    /**
     * For a copy that was sealed. A shard whose archive came damaged and was left out because of that is missing;
     * damage inside the files of a shard is copied as it is, and told.
     */
    public static int of(CopyReport report) {
        if (report.damaged()) {
            return DAMAGED;
        }
        return report.complete() ? OK : PARTIAL;
    }
}
