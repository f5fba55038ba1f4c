/**
 * The server's side of the snapshot RPC, over the directories of a server that is stopped, and sample directories
 * to try it on.
 *
 * <p>Comes in: data, meta and WAL directories, and requests on a port. Goes out: the answers that influxd would give,
 * files by way of the kernel and as fast as the client reads, among them those that are made of the write-ahead log on the
 * way. A server that may write takes restores as well, as fast as the disk takes them.
 */
@NullMarked
package dev.sluice.engine.serve;

import org.jspecify.annotations.NullMarked;
