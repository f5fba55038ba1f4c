/**
 * A shard's tar stream on buffers: headers are parsed and built here, bodies pass through untouched.
 *
 * <p>Comes in: {@code Flux<ByteBuf>}, cut anywhere. Goes out: {@code Flux<ShardPart>}, checked to the end of
 * the archive, and back again byte for byte. Nothing here blocks, copies a body or keeps a buffer.
 */
@NullMarked
package dev.sluice.engine.tar;

import org.jspecify.annotations.NullMarked;
