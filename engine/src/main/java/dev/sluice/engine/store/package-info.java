/**
 * Where files rest: a directory, or memory.
 *
 * <p>Comes in: a name and {@code Flux<ByteBuf>}, asked for no faster than it can be written. Goes out: a
 * {@link dev.sluice.engine.store.StoredFile} once the whole file is durable under its name, or nothing at all:
 * a file is there complete or not at all, and none is ever replaced. What the files mean is the matter of
 * {@code format}.
 */
@NullMarked
package dev.sluice.engine.store;

import org.jspecify.annotations.NullMarked;
