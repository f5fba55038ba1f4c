/**
 * InfluxDB's HTTP API over reactor-netty: ping, query, write. Comes in: statements and bodies of line protocol. Goes
 * out: decoded results and {@link dev.sluice.engine.http.WriteOutcome}s; what brings no answer is a
 * {@link dev.sluice.engine.error.HttpFailure}. Nothing here retries: the caller knows what may be repeated.
 */
@NullMarked
package dev.sluice.engine.http;

import org.jspecify.annotations.NullMarked;
