package dev.sluice.engine;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Back up a live server.
 *
 * @param to a directory, portable or legacy, or the stream to stdout
 * @param compression of a portable backup's archives, or of the stream; the legacy format has none
 * @param skipErrors go on without a shard that failed for good, and name it in the report
 * @param checkBlocks look at every block of every TSM file while it passes; damage is told, and copied as it is
 * @param protocol that the server speaks
 * @param http the server's HTTP API, to ask for its version, which the backup then tells
 */
public record BackupRequest(
        ServerAddress server,
        End to,
        Selection selection,
        Compression compression,
        Digest.Algorithm digest,
        Pace pace,
        boolean skipErrors,
        boolean checkBlocks,
        Protocol protocol,
        Optional<HttpAccess> http) {

    public BackupRequest {
        if (to instanceof End.Legacy && compression.codec() != Compression.Codec.NONE) {
            throw new IllegalArgumentException("the legacy format has no compression, not " + compression);
        }
    }

    /** Starts a request for a portable backup, with every option at its default. */
    public static Builder portable(ServerAddress server, Path directory) {
        return new Builder(server, new End.Portable(directory));
    }

    /**
     * Starts a request for a legacy backup, with every option at its default. As influxd has it, only the metastore is
     * saved if the selection names neither a database nor a shard.
     */
    public static Builder legacy(ServerAddress server, Path directory) {
        return new Builder(server, new End.Legacy(directory)).compression(Compression.NONE);
    }

    /** Starts a request for a stream archive, with every option at its default; its compression is zstd. */
    public static Builder stream(ServerAddress server) {
        return new Builder(server, new End.Stream()).compression(Compression.ZSTD);
    }

    /** Collects the options; each setter tells its default. */
    public static final class Builder extends RequestBuilder<Builder> {
        private final ServerAddress server;
        private final End to;
        private Compression compression = Compression.GZIP;
        private Digest.Algorithm digest = Digest.Algorithm.CRC32C;
        private Protocol protocol = Protocol.V1_5;
        private Optional<HttpAccess> http = Optional.empty();

        private Builder(ServerAddress server, End to) {
            this.server = server;
            this.to = to;
        }

        /** Default: gzip at level 1, which influxd reads; none for legacy, zstd for a stream. */
        public Builder compression(Compression value) {
            this.compression = value;
            return this;
        }

        /** Default: CRC-32C. */
        public Builder digest(Digest.Algorithm value) {
            this.digest = value;
            return this;
        }

        @Override
        Builder self() {
            return this;
        }

        /** Default: that of servers from 1.5 on. */
        public Builder protocol(Protocol value) {
            this.protocol = value;
            return this;
        }

        /** Default: none, and the backup does not tell its server's version. */
        public Builder http(HttpAccess value) {
            this.http = Optional.of(value);
            return this;
        }

        /**
         * The request, with all that was set.
         *
         * @throws IllegalArgumentException if the legacy format is to be compressed
         */
        public BackupRequest build() {
            return new BackupRequest(
                    server, to, selection, compression, digest, pace, skipErrors, checkBlocks, protocol, http);
        }
    }
}
