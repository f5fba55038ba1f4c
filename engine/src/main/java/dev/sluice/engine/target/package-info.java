/**
 * Where shards go. A {@link dev.sluice.engine.target.Target} is shown the catalog and may refuse before one
 * byte moves; its session takes {@code Flux<ShardPart>} shard by shard and is sealed last.
 */
@NullMarked
package dev.sluice.engine.target;

import org.jspecify.annotations.NullMarked;
