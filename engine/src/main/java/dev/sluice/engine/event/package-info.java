/**
 * What the engine tells while it works. Events come from {@code copy} and {@code transfer}, end in a report,
 * and go out through the front door; progress displays and logs are built on them.
 */
@NullMarked
package dev.sluice.engine.event;

import org.jspecify.annotations.NullMarked;
