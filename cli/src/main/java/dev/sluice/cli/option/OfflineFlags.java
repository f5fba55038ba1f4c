package dev.sluice.cli.option;

import dev.sluice.engine.model.End;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The directories of a stopped server, to restore to. */
public final class OfflineFlags {

    @Option(
            names = "-datadir",
            paramLabel = "DIR",
            description = "Restore to a stopped server: its data directory, 'dir' under [data].")
    private @Nullable Path data;

    @Option(
            names = "-metadir",
            paramLabel = "DIR",
            description =
                    "Its meta directory, 'dir' under [meta]; needs -datadir. Default: meta, beside the data directory.")
    private @Nullable Path meta;

    @Option(
            names = "-waldir",
            paramLabel = "DIR",
            description =
                    "Its log directory, 'wal-dir' under [data]; needs -datadir. Default: wal, beside the data directory.")
    private @Nullable Path wal;

    @Option(names = "--force", description = "Replace databases that the stopped server has already; needs -datadir.")
    private boolean force;

    @Option(
            names = "--replace-metastore",
            description =
                    "Put the backup's metastore in the place of the stopped server's, users included, and forget its "
                            + "other databases; needs -datadir.")
    private boolean replaceMetastore;

    /**
     * The directories, if they are to be restored to.
     *
     * @throws UsageError for a flag that makes no sense without them
     */
    public Optional<End.Data> directories() {
        if (data == null) {
            if (meta != null) {
                throw new UsageError(
                        "-metadir needs -datadir: a metastore alone would promise shards that are not there",
                        "Restore both in one step: -datadir DIR -metadir DIR, with --replace-metastore to take the backup's "
                                + "whole metastore as 'influxd restore -metadir' does.");
            }
            require(wal != null, "-waldir");
            require(force, "--force");
            require(replaceMetastore, "--replace-metastore");
            return Optional.empty();
        }
        return Optional.of(new End.Data(data, Optional.ofNullable(meta), Optional.ofNullable(wal)));
    }

    public boolean force() {
        return force;
    }

    public boolean replaceMetastore() {
        return replaceMetastore;
    }

    private static void require(boolean given, String flag) {
        if (given) {
            throw new UsageError(
                    flag + " needs -datadir", "It is for a restore to the directories of a stopped server.");
        }
    }
}
