/**
 * The messages of influxd's snapshot service, bytes to records and back. Requests and answers come in as
 * {@code ByteBuf} and go out as values, or the other way round; no socket, no thread and no waiting here.
 *
 * <p>Shards themselves are tar streams and no matter of this package: it ends where the tar begins. Whatever a
 * server sent that the protocol does not allow is a {@link dev.sluice.engine.error.MalformedResponse}; what a
 * client sent, a {@link dev.sluice.engine.wire.MalformedRequest}. Lengths that came over the wire are compared
 * with what is there before anything is allocated.
 */
@NullMarked
package dev.sluice.engine.wire;

import org.jspecify.annotations.NullMarked;
