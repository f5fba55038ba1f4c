/**
 * Compression of archives, slab by slab, and the way back.
 *
 * <p>Comes in: slabs of an archive's raw bytes, from many threads at once. Goes out: for each slab one piece that
 * can be decoded alone, a gzip member or a zstd frame ({@link dev.sluice.engine.stage.codec.SlabEncoder}); the
 * pieces one after the other are the compressed file. On the way back
 * {@link dev.sluice.engine.stage.codec.Decoders} turns the bytes of such a file, cut anywhere, into raw bytes.
 * Nothing here knows what an archive is made of, or where it rests.
 *
 * <p>Who compresses gzip is open: {@link dev.sluice.engine.stage.codec.GzipEncoderProvider} is a service
 * interface, and each encoder must prove itself on a sample before it sees data.
 */
@NullMarked
package dev.sluice.engine.stage.codec;

import org.jspecify.annotations.NullMarked;
