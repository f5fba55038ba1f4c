package dev.sluice.engine.store;

import dev.sluice.engine.model.Digest;
import java.time.Duration;

/**
 * A file that has come to rest.
 *
 * @param size in bytes
 * @param digest of these bytes, computed while they were written
 * @param syncing time spent on making the file durable
 */
public record StoredFile(String name, long size, Digest digest, Duration syncing) {}
