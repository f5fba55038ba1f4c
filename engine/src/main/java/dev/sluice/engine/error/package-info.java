/**
 * Everything that can go wrong, as a sealed family: what happened, to which database, policy or shard, after
 * how many bytes, and a hint what to do next. The facts are fields, so that a service can act on them.
 */
@NullMarked
package dev.sluice.engine.error;

import org.jspecify.annotations.NullMarked;
