package dev.sluice.engine;

import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.transfer.ImportOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Import line protocol over HTTP.
 *
 * @param path a file, or a directory whose files are taken by name, each once; empty: standard input
 */
public record ImportRequest(
        Optional<Path> path, HttpEndpoint endpoint, Credentials credentials, Timeouts timeouts, ImportOptions options) {

    public static final int DEFAULT_BATCH_LINES = 10_000;
    public static final int DEFAULT_BATCH_BYTES = 1 << 20;

    /** Well below what a server takes in one body by default: 25 MB. */
    public static final int DEFAULT_LINE_BYTES = 20_000_000;

    public static final int DEFAULT_CONCURRENCY = 4;
    public static final int DEFAULT_RETRIES = 10;

    /** A write is answered when it is on the server's disk. */
    public static final Timeouts DEFAULT_TIMEOUTS =
            new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofSeconds(60));

    /** Starts a request with every option at its default. */
    public static Builder of(Path path, HttpEndpoint endpoint) {
        return new Builder(Optional.of(path), endpoint);
    }

    /** The same from standard input. */
    public static Builder ofStandardInput(HttpEndpoint endpoint) {
        return new Builder(Optional.empty(), endpoint);
    }

    /** Collects the options; each setter tells its default. */
    public static final class Builder {
        private final Optional<Path> path;
        private final HttpEndpoint endpoint;
        private Credentials credentials = Credentials.NONE;
        private Timeouts timeouts = DEFAULT_TIMEOUTS;
        private Optional<String> database = Optional.empty();
        private Optional<String> policy = Optional.empty();
        private Optional<ImportOptions.Bucket> bucket = Optional.empty();
        private String precision = "ns";
        private Optional<String> consistency = Optional.empty();
        private OptionalLong pointsPerSecond = OptionalLong.empty();
        private int batchLines = DEFAULT_BATCH_LINES;
        private int batchBytes = DEFAULT_BATCH_BYTES;
        private int lineBytes = DEFAULT_LINE_BYTES;
        private int concurrency = DEFAULT_CONCURRENCY;
        private int retries = DEFAULT_RETRIES;
        private boolean gzip;
        private Optional<Path> rejects = Optional.empty();
        private Optional<Path> progress = Optional.empty();
        private boolean resume;

        private Builder(Optional<Path> path, HttpEndpoint endpoint) {
            this.path = path;
            this.endpoint = endpoint;
            this.gzip = !endpoint.isLoopback();
        }

        /** Default: none. */
        public Builder credentials(Credentials value) {
            this.credentials = value;
            return this;
        }

        /** Default: {@link ImportRequest#DEFAULT_TIMEOUTS}. */
        public Builder timeouts(Timeouts value) {
            this.timeouts = value;
            return this;
        }

        /** Where points without a context go. Default: nowhere, they are an error. */
        public Builder database(String value) {
            this.database = Optional.of(value);
            return this;
        }

        /** The same for the retention policy. Default: the database's default. */
        public Builder policy(String value) {
            this.policy = Optional.of(value);
            return this;
        }

        /** Write into a bucket of InfluxDB 2.x or 3.x. Default: into databases of 1.x. */
        public Builder bucket(String org, String name) {
            this.bucket = Optional.of(new ImportOptions.Bucket(org, name));
            return this;
        }

        /** Of timestamps: {@code ns}, {@code u}, {@code ms}, {@code s}, {@code m} or {@code h}. Default: ns. */
        public Builder precision(String value) {
            this.precision = value;
            return this;
        }

        /** Default: the server's. */
        public Builder consistency(String value) {
            this.consistency = Optional.of(value);
            return this;
        }

        /** Default: no limit. */
        public Builder pointsPerSecond(long value) {
            this.pointsPerSecond = OptionalLong.of(value);
            return this;
        }

        /** Default: {@value ImportRequest#DEFAULT_BATCH_LINES} points. */
        public Builder batchLines(int value) {
            this.batchLines = value;
            return this;
        }

        /** Default: 1 MiB. */
        public Builder batchBytes(int value) {
            this.batchBytes = value;
            return this;
        }

        /** Bytes of one point at most. Default: {@value ImportRequest#DEFAULT_LINE_BYTES}. */
        public Builder lineBytes(int value) {
            this.lineBytes = value;
            return this;
        }

        /** Default: {@value ImportRequest#DEFAULT_CONCURRENCY} requests in flight. */
        public Builder concurrency(int value) {
            this.concurrency = value;
            return this;
        }

        /** Default: {@value ImportRequest#DEFAULT_RETRIES} for each request. */
        public Builder retries(int value) {
            this.retries = value;
            return this;
        }

        /** Whether bodies are compressed. Default: true, but for a server on this machine: there it would only burn processor time. */
        public Builder gzip(boolean value) {
            this.gzip = value;
            return this;
        }

        /** Receives what the server does not take. Default: it is only counted. */
        public Builder rejects(Path value) {
            this.rejects = Optional.of(value);
            return this;
        }

        /** Tells how far the import came. Default: none; for a directory, a file in it. */
        public Builder progress(Path value) {
            this.progress = Optional.of(value);
            return this;
        }

        /** Go on where the file of progress says. Default: false; a directory always goes on. */
        public Builder resume(boolean value) {
            this.resume = value;
            return this;
        }

        /**
         * The request, with all that was set.
         *
         * @throws IllegalArgumentException if there is no such precision, or a number is too small
         */
        public ImportRequest build() {
            return new ImportRequest(
                    path,
                    endpoint,
                    credentials,
                    timeouts,
                    new ImportOptions(
                            database,
                            policy,
                            bucket,
                            precision,
                            consistency,
                            pointsPerSecond,
                            batchLines,
                            batchBytes,
                            lineBytes,
                            concurrency,
                            retries,
                            gzip,
                            rejects,
                            progress,
                            resume));
        }
    }
}
