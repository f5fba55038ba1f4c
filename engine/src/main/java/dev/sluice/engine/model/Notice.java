package dev.sluice.engine.model;

/**
 * Something that a report tells beside the fates of shards.
 *
 * @param message what it is, one sentence for a person
 * @param hint what to do; may be empty
 */
public record Notice(Kind kind, String message, String hint) {

    /** How much it matters, from least to most. */
    public enum Kind {
        /** Good to know; all is as it was asked for. */
        NOTE,
        /** All that was asked for is done, but somebody should have a look. */
        WARNING,
        /** Something that was asked for is not there. */
        MISSING,
        /** What was read is damaged. */
        DAMAGED
    }

    /** One of {@link Kind#NOTE}. */
    public static Notice note(String message, String hint) {
        return new Notice(Kind.NOTE, message, hint);
    }

    /** One of {@link Kind#WARNING}. */
    public static Notice warning(String message, String hint) {
        return new Notice(Kind.WARNING, message, hint);
    }

    /** One of {@link Kind#MISSING}. */
    public static Notice missing(String message, String hint) {
        return new Notice(Kind.MISSING, message, hint);
    }

    /** One of {@link Kind#DAMAGED}. */
    public static Notice damaged(String message, String hint) {
        return new Notice(Kind.DAMAGED, message, hint);
    }
}
