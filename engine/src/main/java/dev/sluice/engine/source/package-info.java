/**
 * Where shards come from. A {@link dev.sluice.engine.source.Source} opens a session, the session knows its
 * catalog and yields shards as {@code Flux<ShardPart>}; bytes are read only on demand.
 */
@NullMarked
package dev.sluice.engine.source;

import org.jspecify.annotations.NullMarked;
