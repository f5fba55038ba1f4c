/**
 * The flow: from the shards of a {@code source} to a {@code target}, several at a time, each tried again from its
 * start when it fails, the target sealed last. Comes in: two ends and {@link dev.sluice.engine.copy.CopyOptions}. Goes
 * out: {@code Flux<Event>} that ends in a report.
 */
@NullMarked
package dev.sluice.engine.copy;

import org.jspecify.annotations.NullMarked;
