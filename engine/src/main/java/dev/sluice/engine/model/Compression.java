package dev.sluice.engine.model;

import java.util.Locale;

/**
 * How archives are compressed.
 *
 * @param level of the codec; 0 with gzip means stored: readable by every influxd at drain speed
 */
public record Compression(Codec codec, int level) {

    /** What a portable backup of the original is made of; level 1, as higher ones cost more than they save. */
    public static final Compression GZIP = new Compression(Codec.GZIP, 1);

    public static final Compression GZIP_STORED = new Compression(Codec.GZIP, 0);

    public static final Compression ZSTD = new Compression(Codec.ZSTD, 1);

    public static final Compression NONE = new Compression(Codec.NONE, 0);

    public Compression {
        if (level < codec.minLevel || level > codec.maxLevel) {
            throw new IllegalArgumentException(
                    "%s has levels %d to %d, not %d".formatted(codec.id(), codec.minLevel, codec.maxLevel, level));
        }
    }

    /**
     * Reads {@code gzip}, {@code gzip:6}, {@code zstd}, {@code zstd:3}, {@code none}.
     *
     * @throws IllegalArgumentException with a sentence that can be shown to the user
     */
    public static Compression parse(String text) {
        String[] parts = text.toLowerCase(Locale.ROOT).split(":", 2);
        Compression byDefault = switch (parts[0]) {
            case "gzip" -> GZIP;
            case "zstd" -> ZSTD;
            case "none" -> NONE;
            default ->
                throw new IllegalArgumentException(
                        "compression is gzip, zstd or none, with a level as in gzip:6; not '" + text + "'");
        };
        if (parts.length == 1) {
            return byDefault;
        }
        try {
            return new Compression(byDefault.codec, Integer.parseInt(parts[1]));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("compression level is a number, not '" + parts[1] + "'", e);
        }
    }

    @Override
    public String toString() {
        return codec == Codec.NONE ? codec.id() : codec.id() + ":" + level;
    }

    /** The formats of compressed bytes. */
    public enum Codec {
        /** Members of gzip, which influxd reads; levels 0 to 9. */
        GZIP(".tar.gz", 0, 9),
        /** Frames of zstd, which influxd cannot read; levels -7 to 19. */
        ZSTD(".tar.zst", -7, 19),
        /** The tar as it is; level 0. */
        NONE(".tar", 0, 0);

        private final String suffix;
        private final int minLevel;
        private final int maxLevel;

        Codec(String suffix, int minLevel, int maxLevel) {
            this.suffix = suffix;
            this.minLevel = minLevel;
            this.maxLevel = maxLevel;
        }

        /** What a shard's archive ends in. */
        public String suffix() {
            return suffix;
        }

        /** As users and manifests write it. */
        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
