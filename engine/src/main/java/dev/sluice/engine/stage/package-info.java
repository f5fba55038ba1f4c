/**
 * Stages: functions from Flux to Flux that every flow is put together from.
 *
 * <p>A shard's parts come in and go out, looked at ({@link dev.sluice.engine.stage.BlockCheck}) or made anew ({@link
 * dev.sluice.engine.stage.ApplyTombstones}). Or buffers come in and go out: small ones are gathered in slabs of a fixed
 * size ({@link dev.sluice.engine.stage.SlabFill}), slabs are compressed side by side and leave in order ({@link
 * dev.sluice.engine.stage.Compress}).
 *
 * <p>All slabs come from one {@link dev.sluice.engine.stage.SlabPool}: it is the budget of bytes in flight for a
 * whole copy. Where it is spent, nobody has a slab to fill, nobody asks for bytes, and the server's socket is not
 * read.
 */
@NullMarked
package dev.sluice.engine.stage;

import org.jspecify.annotations.NullMarked;
