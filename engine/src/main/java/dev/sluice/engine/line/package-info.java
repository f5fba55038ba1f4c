/**
 * Line protocol: points to text and text to records. Comes in: series keys, values and times as {@code tsm} has them,
 * or pieces of a file. Goes out: bytes as {@code influx_inspect export} writes them, or records as the server would
 * cut them. Bytes are never decoded: names and strings may be anything. No input or output happens here.
 */
@NullMarked
package dev.sluice.engine.line;

import org.jspecify.annotations.NullMarked;
