package dev.sluice.engine;

import dev.sluice.engine.line.SeriesFilter;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.transfer.ExportOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Export line protocol.
 *
 * @param from a stopped server's directories, a backup or a live server; of directories the metastore is read only if
 *     it is named
 * @param out the file; empty: standard output
 * @param scratch room for the largest shard, where {@code from} is no directory of a server
 * @param retries of the small questions to a live server
 */
public record ExportRequest(
        End from,
        Optional<Path> out,
        ExportOptions options,
        Compression compression,
        Path scratch,
        Timeouts timeouts,
        int retries) {

    /** Starts a request with every option at its default. */
    public static Builder of(End from, Path out) {
        return new Builder(from, Optional.of(out));
    }

    /** The same to standard output. */
    public static Builder toStandardOutput(End from) {
        return new Builder(from, Optional.empty());
    }

    /** Collects the options; each setter tells its default. */
    public static final class Builder {
        private final End from;
        private final Optional<Path> out;
        private Optional<String> database = Optional.empty();
        private Optional<String> policy = Optional.empty();
        private long start = Long.MIN_VALUE;
        private long end = Long.MAX_VALUE;
        private boolean pointsOnly;
        private boolean mergeFields;
        private SeriesFilter filter = SeriesFilter.ALL;
        private OptionalLong split = OptionalLong.empty();
        private boolean strict;
        private Compression compression = Compression.NONE;
        private Path scratch = ReadOptions.SCRATCH;
        private Timeouts timeouts = Timeouts.DEFAULT;

        private Builder(End from, Optional<Path> out) {
            this.from = from;
            this.out = out;
        }

        /** Default: all. */
        public Builder database(String value) {
            this.database = Optional.of(value);
            return this;
        }

        /** Default: all. */
        public Builder policy(String value) {
            this.policy = Optional.of(value);
            return this;
        }

        /** Nanoseconds since 1970, both included. Default: all times. */
        public Builder times(long first, long last) {
            this.start = first;
            this.end = last;
            return this;
        }

        /** Neither comments nor statements. Default: false. */
        public Builder pointsOnly(boolean value) {
            this.pointsOnly = value;
            return this;
        }

        /** One line for all fields of a point, overwritten and deleted values left out. Default: false. */
        public Builder mergeFields(boolean value) {
            this.mergeFields = value;
            return this;
        }

        /**
         * Only some series. Default: all.
         *
         * @param measurements one of them; any if empty
         * @param tags all of them with these values
         */
        public Builder only(List<String> measurements, Map<String, String> tags) {
            this.filter = SeriesFilter.of(measurements, tags);
            return this;
        }

        /** Bytes of text after which a new file begins. Default: one file. */
        public Builder split(long bytes) {
            this.split = OptionalLong.of(bytes);
            return this;
        }

        /** End at the first thing that cannot be read. Default: false, it is left out and told. */
        public Builder strict(boolean value) {
            this.strict = value;
            return this;
        }

        /** Default: none. */
        public Builder compression(Compression value) {
            this.compression = value;
            return this;
        }

        /** Default: the system's directory for temporary files. */
        public Builder scratch(Path value) {
            this.scratch = value;
            return this;
        }

        /** Default: {@link Timeouts#DEFAULT}. */
        public Builder timeouts(Timeouts value) {
            this.timeouts = value;
            return this;
        }

        /**
         * The request, with all that was set.
         *
         * @throws IllegalArgumentException if the times are in the wrong order, or parts have no size
         */
        public ExportRequest build() {
            return new ExportRequest(
                    from,
                    out,
                    new ExportOptions(database, policy, start, end, pointsOnly, mergeFields, filter, split, strict),
                    compression,
                    scratch,
                    timeouts,
                    Pace.DEFAULT_RETRIES);
        }
    }
}
