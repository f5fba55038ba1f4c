package dev.sluice.engine.tsm;

/** How closely a TSM file is looked at. */
public enum CheckDepth {
    /**
     * What every copy can afford: header, the checksum of every block, timestamps, the index against the blocks, the
     * footer. Values are walked only where the end of a block cannot be told from its neighbour and its checksum, so that
     * a block with a right checksum and wrong contents may pass, which no damage makes but only its writer.
     */
    PASSING,

    /**
     * Also that every block has as many values as timestamps, well-formed, and an end where it should be; but for blocks
     * whose end the index told ahead, if the checksum agrees.
     */
    BLOCKS,

    /** Also strings, uncompressed and counted. */
    VALUES
}
