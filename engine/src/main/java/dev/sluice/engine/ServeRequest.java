package dev.sluice.engine;

import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.source.ReadOptions;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Answer the snapshot RPC over the directories of a stopped server, which are only read unless told otherwise.
 *
 * @param bind where to listen; port 0 picks a free one
 * @param directories of the server; what stands only in its write-ahead log is served as well
 * @param writable whether restores are taken into the directories, which are made if they are not there
 * @param scratch where data files are made of the write-ahead log, shard by shard
 */
public record ServeRequest(ServerAddress bind, End.Data directories, boolean writable, Path scratch) {

    /**
     * One that only reads. The write-ahead log is looked for beside the data.
     *
     * @param dataDir {@code [data] dir} of the server's configuration
     * @param metaDir {@code [meta] dir} of the server's configuration
     */
    public ServeRequest(ServerAddress bind, Path dataDir, Path metaDir) {
        this(bind, new End.Data(dataDir, Optional.of(metaDir), Optional.empty()), false, ReadOptions.SCRATCH);
    }

    /** The same, with restores. */
    public ServeRequest writing() {
        return new ServeRequest(bind, directories, true, scratch);
    }

    /** The same with {@code [data] wal-dir} of the server's configuration. */
    public ServeRequest withWal(Path walDir) {
        return new ServeRequest(
                bind, new End.Data(directories.data(), directories.meta(), Optional.of(walDir)), writable, scratch);
    }

    /** The same with another scratch directory. */
    public ServeRequest withScratch(Path value) {
        return new ServeRequest(bind, directories, writable, value);
    }
}
