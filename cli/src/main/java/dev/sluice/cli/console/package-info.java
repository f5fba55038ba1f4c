/**
 * What people and scripts get to see. The engine's events and reports come in; a progress area, plain lines,
 * JSON lines, a summary or a complaint go out to the streams that the command was given.
 *
 * <p>stdout is for results, stderr for people.
 */
@NullMarked
package dev.sluice.cli.console;

import org.jspecify.annotations.NullMarked;
