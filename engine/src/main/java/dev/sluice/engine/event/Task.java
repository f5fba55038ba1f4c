package dev.sluice.engine.event;

/** What a copy is for; the flow is the same, the words are not. */
public enum Task {
    BACKUP,
    RESTORE,
    COPY,
    VERIFY
}
