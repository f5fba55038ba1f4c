/**
 * Conversations with a snapshot service over reactor-netty: connect, send one request, read until the server
 * closes. Comes in: a request from {@code wire}, and the archive of an upload, asked for as fast as the socket takes
 * it. Goes out: {@code Flux<ByteBuf>} exactly as received, read from the socket only on demand. Nothing here knows what
 * the bytes mean or where they come to rest.
 */
@NullMarked
package dev.sluice.engine.transport;

import org.jspecify.annotations.NullMarked;
