/**
 * Stages in isolation, measured with JMH: {@code bench/jmh} runs them, {@code bench/jmh -h} tells the options.
 *
 * <p>Comes in: a file to work on, a TSM file of a real server by preference. Goes out: bytes per second and core.
 * Speed depends on the data more than on anything else, so name the data with the figure.
 */
@NullMarked
package dev.sluice.bench.jmh;

import org.jspecify.annotations.NullMarked;
