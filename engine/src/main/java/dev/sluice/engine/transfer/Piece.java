package dev.sluice.engine.transfer;

import dev.sluice.engine.line.Text;

/**
 * A piece of the output, whole lines.
 *
 * @param place whose points these are; of the last context before it
 * @param lines that are points
 * @param values of fields in them
 */
record Piece(Place place, Text text, long lines, long values) {}
