/**
 * Where shards go. A {@link dev.sluice.engine.target.Target} is shown the catalog and may refuse before one
 * byte moves; its session takes {@code Flux<ShardPart>} shard by shard and is sealed last.
 *
 * <p>Comes in: the catalog, then the parts of one shard after the other, of several at a time. Goes out: files, the bytes
 * of a stream, or uploads to a server; a {@link dev.sluice.engine.model.ShardReceipt} for each shard that is where it
 * should be, and the seal, without which nothing that was written counts as a backup.
 */
@NullMarked
package dev.sluice.engine.target;

import org.jspecify.annotations.NullMarked;
