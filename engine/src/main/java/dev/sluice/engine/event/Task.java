package dev.sluice.engine.event;

/** What a copy is for; the flow is the same, the words are not. */
public enum Task {
    /** From a live server into files. */
    BACKUP,
    /** To a live server, or into the directories of a stopped one. */
    RESTORE,
    /** From any end to any other. */
    COPY,
    /** Everything is read, and nothing is kept. */
    VERIFY
}
