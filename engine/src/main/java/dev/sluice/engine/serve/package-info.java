/**
 * The server's side of the snapshot RPC, over the directories of a server that is stopped, and sample directories
 * to try it on.
 *
 * <p>Comes in: a data and a meta directory, and requests on a port. Goes out: the answers that influxd would give,
 * files by way of the kernel and as fast as the client reads. A server that may write takes restores as well, as fast
 * as the disk takes them.
 */
@NullMarked
package dev.sluice.engine.serve;

import org.jspecify.annotations.NullMarked;
