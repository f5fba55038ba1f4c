package dev.sluice.engine;

import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.source.ReadOptions;
import java.nio.file.Path;

/**
 * Copy from any end to any other.
 *
 * @param task for events and report: a copy into a server's directories is a restore
 * @param mapping new names, for servers and their directories only
 * @param compression of archives, where the target has some; ignored where it has not
 * @param chain put increments of influxd together, oldest first
 * @param skipErrors go on without a shard that failed for good, and name it in the report
 * @param keepExpired in a server's directories: policies in which a shard has expired already keep their data for ever
 * @param subscriptions in a server's directories: whether policies get theirs back
 * @param force in a server's directories: databases that exist are replaced
 * @param replaceMetastore in a server's directories: the source's metastore takes the place of the server's
 * @param allowIncomplete of a stream that is cut short or damaged, take what had arrived whole
 * @param checkBlocks look at every block of every TSM file while it passes; damage is told, and copied as it is
 * @param scratch where files with deletions are rewritten, and data files are made of a stopped server's write-ahead log
 */
public record CopyRequest(
        Task task,
        End from,
        End to,
        Selection selection,
        Mapping mapping,
        Compression compression,
        Digest.Algorithm digest,
        boolean chain,
        Pace pace,
        boolean skipErrors,
        boolean keepExpired,
        boolean subscriptions,
        boolean force,
        boolean replaceMetastore,
        boolean allowIncomplete,
        boolean checkBlocks,
        Path scratch) {

    ReadOptions readOptions() {
        return new ReadOptions(chain, skipErrors, allowIncomplete, scratch);
    }

    /** Starts a request with every option at its default. */
    public static Builder of(End from, End to) {
        return new Builder(from, to);
    }

    /** Collects the options; each setter tells its default. */
    public static final class Builder extends RequestBuilder<Builder> {
        private Task task = Task.COPY;
        private final End from;
        private final End to;
        private Mapping mapping = Mapping.NONE;
        private Compression compression = Compression.GZIP;
        private Digest.Algorithm digest = Digest.Algorithm.CRC32C;
        private boolean chain;
        private boolean keepExpired;
        private boolean subscriptions;
        private boolean force;
        private boolean replaceMetastore;
        private boolean allowIncomplete;
        private Path scratch = ReadOptions.SCRATCH;

        private Builder(End from, End to) {
            this.from = from;
            this.to = to;
        }

        /** Default: a copy. */
        public Builder task(Task value) {
            this.task = value;
            return this;
        }

        /** Default: all keep their names. */
        public Builder mapping(Mapping value) {
            this.mapping = value;
            return this;
        }

        /** Default: gzip at level 1, which influxd reads. */
        public Builder compression(Compression value) {
            this.compression = value;
            return this;
        }

        /** Default: CRC-32C. */
        public Builder digest(Digest.Algorithm value) {
            this.digest = value;
            return this;
        }

        /** Default: false, of each shard the newest archive counts. */
        public Builder chain(boolean value) {
            this.chain = value;
            return this;
        }

        /** Default: false, a stream that is cut short or damaged is an error. */
        public Builder allowIncomplete(boolean value) {
            this.allowIncomplete = value;
            return this;
        }

        /** Default: false, the server may drop what is older than its policy wants. */
        public Builder keepExpired(boolean value) {
            this.keepExpired = value;
            return this;
        }

        /** Default: false, so that the server does not send to old destinations. */
        public Builder subscriptions(boolean value) {
            this.subscriptions = value;
            return this;
        }

        /** Default: false, a database that exists is not touched. */
        public Builder force(boolean value) {
            this.force = value;
            return this;
        }

        /** Default: false, a server's other databases and users stay. */
        public Builder replaceMetastore(boolean value) {
            this.replaceMetastore = value;
            return this;
        }

        /** Default: the system's temporary directory. */
        public Builder scratch(Path value) {
            this.scratch = value;
            return this;
        }

        @Override
        Builder self() {
            return this;
        }

        /** The request, with all that was set. */
        public CopyRequest build() {
            return new CopyRequest(
                    task,
                    from,
                    to,
                    selection,
                    mapping,
                    compression,
                    digest,
                    chain,
                    pace,
                    skipErrors,
                    keepExpired,
                    subscriptions,
                    force,
                    replaceMetastore,
                    allowIncomplete,
                    checkBlocks,
                    scratch);
        }
    }
}
