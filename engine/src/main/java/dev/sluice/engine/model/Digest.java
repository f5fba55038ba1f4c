package dev.sluice.engine.model;

import java.util.HexFormat;
import java.util.Locale;

/**
 * A checksum of stored bytes.
 *
 * @param hex lower case, as long as the algorithm demands
 */
public record Digest(Algorithm algorithm, String hex) {

    public Digest {
        if (hex.length() != algorithm.hexLength || !hex.equals(hex.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException("not a %s digest: '%s'".formatted(algorithm, hex));
        }
        HexFormat.of().parseHex(hex);
    }

    /** As manifests show it: {@code crc32c:1a2b3c4d}. */
    @Override
    public String toString() {
        return algorithm.id() + ":" + hex;
    }

    /** The two that the JDK computes with processor support. */
    public enum Algorithm {
        SHA256(64),
        CRC32C(8);

        private final int hexLength;

        Algorithm(int hexLength) {
            this.hexLength = hexLength;
        }

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
