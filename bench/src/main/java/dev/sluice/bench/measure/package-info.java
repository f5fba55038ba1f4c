/**
 * The frame of every measurement: {@link dev.sluice.bench.measure.Program} runs a command as a whole process and tells what
 * it cost, {@link dev.sluice.bench.measure.Rounds} repeats cases in turn, {@link dev.sluice.bench.measure.Results} gives
 * medians and ratios as a table and as JSON. Nothing here knows what is measured.
 */
@NullMarked
package dev.sluice.bench.measure;

import org.jspecify.annotations.NullMarked;
