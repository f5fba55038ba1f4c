package dev.sluice.engine;

import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Path;

/**
 * Answer the snapshot RPC over the directories of a stopped server, which are only read unless told otherwise.
 *
 * @param bind where to listen; port 0 picks a free one
 * @param dataDir {@code [data] dir} of the server's configuration
 * @param metaDir {@code [meta] dir} of the server's configuration
 * @param writable whether restores are taken into the directories, which are made if they are not there
 */
public record ServeRequest(ServerAddress bind, Path dataDir, Path metaDir, boolean writable) {

    /** One that only reads. */
    public ServeRequest(ServerAddress bind, Path dataDir, Path metaDir) {
        this(bind, dataDir, metaDir, false);
    }

    /** The same, with restores. */
    public ServeRequest writing() {
        return new ServeRequest(bind, dataDir, metaDir, true);
    }
}
