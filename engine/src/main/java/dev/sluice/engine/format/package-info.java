/**
 * Names and manifests of the formats: what a directory holds, and what its files are called. Comes in: facts about
 * stored shards. Goes out: file names and the bytes of manifests, and back. Where they rest is {@code store}'s matter.
 */
@NullMarked
package dev.sluice.engine.format;

import org.jspecify.annotations.NullMarked;
