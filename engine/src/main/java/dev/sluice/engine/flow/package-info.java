/**
 * Operators of our own, for what the library's cannot do without a gap in who owns a buffer. Comes in:
 * {@code Flux<ByteBuf>} and what is to be done with each buffer. Goes out: a flux of which every element has one owner at
 * every moment, whoever cancels when.
 */
@NullMarked
package dev.sluice.engine.flow;

import org.jspecify.annotations.NullMarked;
