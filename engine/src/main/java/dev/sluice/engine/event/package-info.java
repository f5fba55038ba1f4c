/**
 * What the engine tells while it works. Events come from the {@code copy} room and go out through the front
 * door; progress displays and logs are built on them.
 */
@NullMarked
package dev.sluice.engine.event;

import org.jspecify.annotations.NullMarked;
