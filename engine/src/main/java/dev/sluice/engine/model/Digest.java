package dev.sluice.engine.model;

import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

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

    /** Reads what {@link #toString()} writes; empty if it is not that, or of an algorithm that is not known here. */
    public static Optional<Digest> parse(String text) {
        String[] parts = text.split(":", 2);
        return Stream.of(Algorithm.values())
                .filter(known -> parts.length == 2
                        && parts[0].equals(known.id())
                        && parts[1].length() == known.hexLength
                        && parts[1].chars().allMatch(c -> "0123456789abcdef".indexOf(c) >= 0))
                .map(known -> new Digest(known, parts[1]))
                .findFirst();
    }

    /** As manifests show it: {@code crc32c:1a2b3c4d}. */
    @Override
    public String toString() {
        return algorithm.id() + ":" + hex;
    }

    /** The two that the JDK computes with processor support. */
    public enum Algorithm {
        /** Nobody can change the bytes and keep it. */
        SHA256(64),
        /** Finds what went wrong by chance; next to no processor time. */
        CRC32C(8);

        private final int hexLength;

        Algorithm(int hexLength) {
            this.hexLength = hexLength;
        }

        /** As users and manifests write it. */
        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
