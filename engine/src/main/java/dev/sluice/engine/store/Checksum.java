package dev.sluice.engine.store;

import dev.sluice.engine.model.Digest;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/** A digest in the making; one thread at a time. */
public interface Checksum {

    /** Takes in what remains in the buffer and leaves its position alone. */
    void update(ByteBuffer data);

    /** Of all that was taken in. Asked for once, last. */
    Digest digest();

    /** A fresh one. */
    static Checksum of(Digest.Algorithm algorithm) {
        return switch (algorithm) {
            case CRC32C -> new Crc32c();
            case SHA256 -> new Sha256();
        };
    }

    /** Of bytes that are all there. */
    static Digest of(Digest.Algorithm algorithm, byte[] data) {
        Checksum sum = of(algorithm);
        sum.update(ByteBuffer.wrap(data));
        return sum.digest();
    }

    /** The JDK's, with processor support also on direct buffers. */
    final class Crc32c implements Checksum {
        private final CRC32C crc = new CRC32C();

        @Override
        public void update(ByteBuffer data) {
            crc.update(data.duplicate());
        }

        @Override
        public Digest digest() {
            return new Digest(Digest.Algorithm.CRC32C, HexFormat.of().toHexDigits((int) crc.getValue()));
        }
    }

    /** The JDK's. */
    final class Sha256 implements Checksum {
        private final MessageDigest sha;

        Sha256() {
            try {
                sha = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has SHA-256", e);
            }
        }

        @Override
        public void update(ByteBuffer data) {
            sha.update(data.duplicate());
        }

        @Override
        public Digest digest() {
            return new Digest(Digest.Algorithm.SHA256, HexFormat.of().formatHex(sha.digest()));
        }
    }
}
