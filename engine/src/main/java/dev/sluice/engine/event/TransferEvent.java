package dev.sluice.engine.event;

import java.time.Duration;

/** One thing that the engine tells while it exports or imports. The last one is {@link Exported} or {@link Imported}. */
public sealed interface TransferEvent {

    /** Where from and where to, for people. */
    record Started(String source, String target) implements TransferEvent {}

    /** Something that a person should know; the run goes on. */
    record Warning(String message, String hint) implements TransferEvent {}

    /**
     * A sample, a few times a second; left out when the subscriber has no demand.
     *
     * @param lines of line protocol, so far
     * @param values of fields, so far; 0 where they are not counted
     * @param bytes of text, before compression
     * @param at what is being worked on, for people; may be empty
     */
    record Progress(Duration elapsed, long lines, long values, long bytes, String at) implements TransferEvent {}

    /** The export is complete, as far as its report says. */
    record Exported(ExportReport report) implements TransferEvent {}

    /** The import is complete, as far as its report says. */
    record Imported(ImportReport report) implements TransferEvent {}
}
