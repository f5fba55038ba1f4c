package dev.sluice.engine.transfer;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How lines are imported.
 *
 * @param database where points go that stand before any context line; empty: they are an error
 * @param policy the same for the retention policy; empty: the database's default
 * @param bucket write to this bucket over {@code /api/v2/write} instead
 * @param precision of timestamps: {@code ns}, {@code u}, {@code ms}, {@code s}, {@code m}, {@code h}
 * @param pointsPerSecond at most so many; empty for no limit
 * @param batchLines points in one request at most
 * @param batchBytes bytes of text in one request, about
 * @param lineBytes bytes of one point at most
 * @param concurrency requests in flight at most; fewer when the server slows down
 * @param retries of one request, after its first attempt
 * @param gzip whether bodies are compressed
 * @param rejects file that receives what the server does not take
 * @param progress file that tells how far the import came; empty: none is kept
 * @param resume go on where {@code progress} says
 */
public record ImportOptions(
        Optional<String> database,
        Optional<String> policy,
        Optional<Bucket> bucket,
        String precision,
        Optional<String> consistency,
        OptionalLong pointsPerSecond,
        int batchLines,
        int batchBytes,
        int lineBytes,
        int concurrency,
        int retries,
        boolean gzip,
        Optional<Path> rejects,
        Optional<Path> progress,
        boolean resume) {

    /**
     * A bucket of InfluxDB 2.x or 3.x.
     *
     * @param name in which <code>{db}</code> and <code>{rp}</code> stand for the context of a point
     */
    public record Bucket(String org, String name) {}

    public ImportOptions {
        if (concurrency < 1 || batchLines < 1 || batchBytes < 1 || lineBytes < 1) {
            throw new IllegalArgumentException("concurrency and sizes of batches must be positive");
        }
        if (retries < 0) {
            throw new IllegalArgumentException("retries must not be negative, was " + retries);
        }
        if (pointsPerSecond.isPresent() && pointsPerSecond.getAsLong() < 1) {
            throw new IllegalArgumentException("points a second must be positive");
        }
        nanos(precision);
    }

    ImportOptions withProgress(Path file, boolean resumed) {
        return new ImportOptions(
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
                Optional.of(file),
                resumed);
    }

    /** What a nanosecond-based clock counts in one unit of the precision. */
    long nanos() {
        return nanos(precision);
    }

    private static long nanos(String precision) {
        return switch (precision) {
            case "ns", "n" -> 1;
            case "u", "us" -> 1_000;
            case "ms" -> 1_000_000;
            case "s" -> 1_000_000_000;
            case "m" -> 60_000_000_000L;
            case "h" -> 3_600_000_000_000L;
            default ->
                throw new IllegalArgumentException(
                        "no such precision: '%s'; there are ns, u, ms, s, m and h".formatted(precision));
        };
    }
}
