/**
 * What tests borrow: real influxds and their own tools, a proxy that breaks streams at a chosen byte, sample data.
 * Plain blocking code on the test's own threads, so that nothing here shares a bug with the engine.
 */
@NullMarked
package dev.sluice.engine.testkit;

import org.jspecify.annotations.NullMarked;
