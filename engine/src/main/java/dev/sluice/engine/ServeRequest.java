package dev.sluice.engine;

import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Path;

/**
 * Answer the snapshot RPC over the directories of a stopped server.
 *
 * @param bind where to listen; port 0 picks a free one
 * @param dataDir {@code [data] dir} of the server's configuration
 * @param metaDir {@code [meta] dir} of the server's configuration
 */
public record ServeRequest(ServerAddress bind, Path dataDir, Path metaDir) {}
