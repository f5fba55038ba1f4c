package dev.sluice.engine.model;

/** The two forms in which servers of 1.x take requests on their backup port. They do not tell which is theirs. */
public enum Protocol {
    /** Servers 1.0 to 1.4: no byte for the type, fewer types, fewer fields (read in the source; shown with a scripted server). */
    V1_4,
    /** Servers from 1.5 on. */
    V1_5
}
