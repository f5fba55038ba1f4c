/** The data that is measured on: made-up metrics come in from a generator, files of a real influxd go out. */
@NullMarked
package dev.sluice.bench.data;

import org.jspecify.annotations.NullMarked;
