/**
 * The front door: {@link dev.sluice.engine.SluiceEngine} takes requests and answers with cold publishers
 * of events that end in a report.
 *
 * <p>Comes in: a request (where from, where to, what, how). Goes out: {@code Flux<Event>}, of exports and imports
 * {@code Flux<TransferEvent>}, of listings and inspections a {@code Mono}. This is the only room that names whole
 * flows; every other room knows only the rooms above it in this list:
 * {@code model, error, event, flow, wire, transport, http, tar, meta, tsm, line, stage, store, format, source,
 * target, copy, transfer, serve}. A test keeps to it.
 *
 * <p>For callers there are this package, {@code model}, {@code error} and {@code event}, and of the others what these
 * name: {@link dev.sluice.engine.serve.RunningServer}, and the options inside of built requests. The rest may change with
 * any version.
 */
@NullMarked
package dev.sluice.engine;

import org.jspecify.annotations.NullMarked;
