package dev.sluice.engine;

import java.nio.file.Path;

/**
 * Directories as a stopped server leaves them, filled with made-up machine metrics; a {@link ServeRequest}
 * serves them.
 *
 * @param dataDir {@code [data] dir}
 * @param metaDir {@code [meta] dir}
 * @param shards how many shards it has
 * @param points how many points are in them
 */
public record SampleData(Path dataDir, Path metaDir, int shards, long points) {}
