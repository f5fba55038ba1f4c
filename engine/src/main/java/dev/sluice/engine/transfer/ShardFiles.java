package dev.sluice.engine.transfer;

import java.nio.file.Path;
import java.util.List;

/**
 * The files of one retention policy, or of one shard of it.
 *
 * @param tsm in the order of their paths, the later ones win
 * @param wal segments of write-ahead logs in the order of their paths
 */
record ShardFiles(Place place, List<Path> tsm, List<Path> wal) {

    ShardFiles {
        tsm = List.copyOf(tsm);
        wal = List.copyOf(wal);
    }
}
