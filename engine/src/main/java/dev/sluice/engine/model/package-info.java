/**
 * The nouns that every room speaks in: shards and their parts, ends, catalogs, selections, compressions, receipts.
 *
 * <p>Nothing comes in or goes out: values only, checked at birth. The one thing here with a life of its own
 * is the buffer inside a {@link dev.sluice.engine.model.ShardPart}; whoever receives the part releases it.
 */
@NullMarked
package dev.sluice.engine.model;

import org.jspecify.annotations.NullMarked;
