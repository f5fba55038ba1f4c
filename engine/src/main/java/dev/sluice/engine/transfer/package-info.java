/**
 * Export and import: shards to line protocol, line protocol to a server. Comes in: directories of TSM and WAL files, a
 * source's shards by way of a scratch directory, or files of line protocol. Goes out: text over the {@code stage} line
 * to a file or a channel, or batches over {@code http}; and {@link dev.sluice.engine.event.TransferEvent}s.
 *
 * <p>Text between the stages lies on the heap, so that what an operator holds when it is cancelled needs no release.
 */
@NullMarked
package dev.sluice.engine.transfer;

import org.jspecify.annotations.NullMarked;
