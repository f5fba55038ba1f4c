/**
 * Operators of our own, for what the library's cannot do without a gap in who owns a buffer. Comes in:
 * a flux, what is to be done with each element, and how one is freed that nobody will take. Goes out: a flux of which
 * every element has one owner at every moment, whoever cancels when.
 *
 * <p>And what a cancel needs beside fluxes: threads that it does not interrupt, work that it undoes or that a stop ends.
 */
@NullMarked
package dev.sluice.engine.flow;

import org.jspecify.annotations.NullMarked;
