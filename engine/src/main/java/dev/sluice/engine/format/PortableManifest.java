package dev.sluice.engine.format;

import java.util.List;
import java.util.Optional;

/**
 * The index of one portable run: which archive holds which shard.
 *
 * <p>The first keys are influxd's. What is {@code Optional} is Sluice's own and comes after them: influxd ignores it
 * (observed on 1.6.7, 1.8.10, 1.12.4), and reading never needs it.
 *
 * @param limited Enterprise marks a backup of a part with it; OSS writes {@code false} always
 * @param enterprise database, policy and shard that an Enterprise backup was limited to
 * @param run about the run
 */
public record PortableManifest(Meta meta, boolean limited, List<Archive> files, Limits enterprise, Optional<Run> run) {

    public PortableManifest {
        files = List.copyOf(files);
    }

    /** A manifest as OSS and Sluice write it. */
    public static PortableManifest of(Meta meta, List<Archive> files, Run run) {
        return new PortableManifest(meta, false, files, Limits.NONE, Optional.of(run));
    }

    /**
     * The file of the metadata.
     *
     * @param size of the metastore inside, in bytes, without its wrapper
     * @param digest of the file; Sluice's own
     */
    public record Meta(String fileName, long size, Optional<String> digest) {

        /** As influxd writes it. */
        public Meta(String fileName, long size) {
            this(fileName, size, Optional.empty());
        }
    }

    /**
     * One shard's archive.
     *
     * @param size of the tar, before compression
     * @param lastModified OSS writes 0 always; Enterprise a real time, larger is newer
     */
    public record Archive(
            String database,
            String policy,
            long shardId,
            String fileName,
            long size,
            long lastModified,
            Optional<Details> details) {}

    /**
     * What Sluice adds for each archive.
     *
     * @param codec {@code gzip}, {@code zstd} or {@code none}
     * @param storedSize of the archive's file in bytes
     * @param digest of the archive's file, as {@code crc32c:1a2b3c4d}
     * @param files names in the archive, in order
     */
    public record Details(String codec, long storedSize, String digest, List<String> files) {
        public Details {
            files = List.copyOf(files);
        }
    }

    /** Empty in all that OSS and Sluice write. */
    public record Limits(String database, String policy, long shardId) {
        public static final Limits NONE = new Limits("", "", 0);
    }

    /**
     * What Sluice tells of the run.
     *
     * @param kind {@code full} or {@code since}
     * @param since RFC 3339, for {@code since}
     * @param database the selection, where it named one
     * @param start RFC 3339, where a time range was asked for
     * @param missing shards as {@code database/policy/id} that were asked for and are not here
     * @param reasons why each of the missing ones is; empty in what was written before reasons were kept
     * @param unchanged shards as {@code database/policy/id} that were left out as nothing changed in them
     * @param server version of the server, where it was asked
     */
    public record Run(
            String kind,
            Optional<String> since,
            Optional<String> database,
            Optional<String> policy,
            Optional<String> shard,
            Optional<String> start,
            Optional<String> end,
            List<String> missing,
            List<String> reasons,
            List<String> unchanged,
            Optional<String> server) {
        public Run {
            missing = List.copyOf(missing);
            reasons = List.copyOf(reasons);
            unchanged = List.copyOf(unchanged);
        }

        /** Why a shard is missing, if that was kept. */
        public Optional<String> reason(String shard) {
            int at = missing.indexOf(shard);
            return at >= 0 && at < reasons.size() ? Optional.of(reasons.get(at)) : Optional.empty();
        }
    }
}
