/**
 * TSM, the file format of a shard's data, with its tombstones and its WAL: read, check, rewrite, summarize.
 *
 * <p>Comes in: {@link java.nio.channels.SeekableByteChannel}s, {@link dev.sluice.engine.tsm.FileBytes} that can be
 * opened again, columns of times and values; for a check in one pass, buffers as they go by. Goes out: blocks,
 * entries and findings, and new files through {@link dev.sluice.engine.tsm.NewFile}.
 *
 * <ul>
 *   <li>{@link dev.sluice.engine.tsm.TsmFile} reads a file through its index, {@link dev.sluice.engine.tsm.TsmWriter}
 *       writes one, {@link dev.sluice.engine.tsm.TsmBlock} is what a block holds
 *   <li>{@link dev.sluice.engine.tsm.FileCheck} checks in one pass, faster where {@link
 *       dev.sluice.engine.tsm.IndexAhead} could read the index before it; {@link
 *       dev.sluice.engine.tsm.TsmIndexCheck} checks by the index
 *   <li>{@link dev.sluice.engine.tsm.TsmRewriter} applies {@link dev.sluice.engine.tsm.Deletions}: a
 *       {@link dev.sluice.engine.tsm.Tombstone}, or a slice
 *   <li>{@link dev.sluice.engine.tsm.WalReader} reads a WAL, {@link dev.sluice.engine.tsm.WalReplay} makes TSM of it
 *   <li>{@link dev.sluice.engine.tsm.TsmSummary} tells what a shard holds
 * </ul>
 *
 * <p>All input may be damaged or made to do harm: lengths are believed only as far as there are bytes for them, and
 * nothing but {@link dev.sluice.engine.error.TsmDamaged} is thrown for what is wrong with it. Everything here
 * computes or blocks on a file, so callers run it off the event loop; the exception is a check in one pass, which
 * never blocks. No class here is safe for use by several threads at once, except values.
 */
@NullMarked
package dev.sluice.engine.tsm;

import org.jspecify.annotations.NullMarked;
