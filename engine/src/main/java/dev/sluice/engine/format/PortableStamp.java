package dev.sluice.engine.format;

import dev.sluice.engine.model.Compression;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * What the names of all files of one portable run begin with: the time of its start in UTC, to the second, as
 * {@code 20261122T230628Z} (observed on 1.6.7 to 1.12.4).
 */
public record PortableStamp(Instant time) implements Comparable<PortableStamp> {

    private static final DateTimeFormatter FORMAT = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'");
    private static final String MANIFEST = ".manifest";

    public PortableStamp {
        time = time.truncatedTo(ChronoUnit.SECONDS);
    }

    /** The stamp of a manifest's file name; empty if it is not one. */
    public static Optional<PortableStamp> ofManifest(String fileName) {
        if (!fileName.endsWith(MANIFEST)) {
            return Optional.empty();
        }
        try {
            var stamp = fileName.substring(0, fileName.length() - MANIFEST.length());
            return Optional.of(
                    new PortableStamp(LocalDateTime.parse(stamp, FORMAT).toInstant(ZoneOffset.UTC)));
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }

    /** The stamp one second later. */
    public PortableStamp next() {
        return new PortableStamp(time.plusSeconds(1));
    }

    public String manifestName() {
        return this + MANIFEST;
    }

    public String metaName() {
        return this + ".meta";
    }

    /** Name of a shard's archive before compression, as the header of a gzip file tells it. */
    public String tarName(long shardId) {
        return "%s.s%s.tar".formatted(this, Long.toUnsignedString(shardId));
    }

    /** Name of a shard's archive: {@code <stamp>.s<id>.tar.gz}, or as the codec has it. */
    public String archiveName(long shardId, Compression.Codec codec) {
        return "%s.s%s%s".formatted(this, Long.toUnsignedString(shardId), codec.suffix());
    }

    @Override
    public int compareTo(PortableStamp other) {
        return time.compareTo(other.time);
    }

    @Override
    public String toString() {
        return FORMAT.format(time.atOffset(ZoneOffset.UTC));
    }
}
