/**
 * TSM, the file format of a shard's data: read the index, encode and decode blocks, write files.
 *
 * <p>Comes in: {@link java.nio.channels.SeekableByteChannel}s and {@link java.nio.ByteBuffer}s, or columns of times
 * and values. Goes out: the same the other way round. Everything here computes or blocks on a file, so callers run
 * it off the event loop. No class here is safe for use by several threads at once, except values
 * ({@link dev.sluice.engine.tsm.TsmBlock}).
 */
@NullMarked
package dev.sluice.engine.tsm;

import org.jspecify.annotations.NullMarked;
