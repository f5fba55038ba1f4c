/**
 * Where shards come from. A {@link dev.sluice.engine.source.Source} opens a session, the session knows its
 * catalog and yields shards as {@code Flux<ShardPart>}; bytes are read only on demand.
 *
 * <p>Comes in: a selection, and what a server answers, a stream brings or files hold. Goes out: a
 * {@link dev.sluice.engine.model.Catalog} of what there is, then the parts of each shard that is asked for. The part that
 * begins a TSM file which lies uncompressed where any place can be read carries what its index says
 * ({@link dev.sluice.engine.source.IndexFirst}), so that nobody behind has to find out where its blocks end.
 */
@NullMarked
package dev.sluice.engine.source;

import org.jspecify.annotations.NullMarked;
