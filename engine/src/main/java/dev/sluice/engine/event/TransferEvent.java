package dev.sluice.engine.event;

import java.time.Duration;

/** One thing that the engine tells while it exports or imports. It ends in a {@link Last}. */
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

    /** The one that comes last. */
    sealed interface Last extends TransferEvent {}

    /** The export is complete, as far as its report says. */
    record Exported(ExportReport report) implements Last {}

    /** The import is complete, as far as its report says. */
    record Imported(ImportReport report) implements Last {}

    /**
     * The copy is complete, as far as its reports say.
     *
     * @param read what the source gave; its output is the server
     * @param written what the server took
     */
    record Copied(ExportReport read, ImportReport written) implements Last {}
}
