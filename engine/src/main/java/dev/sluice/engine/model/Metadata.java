package dev.sluice.engine.model;

import java.util.Arrays;

/**
 * A server's metastore as it was received: one protobuf message with all databases, policies, shard groups
 * and users. The bytes are kept as they came, so that nothing a newer server wrote is lost.
 */
public final class Metadata {

    private final byte[] bytes;

    private Metadata(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Takes the array over: the caller no longer writes to it. */
    public static Metadata of(byte[] protobuf) {
        return new Metadata(protobuf);
    }

    /** Bytes of the protobuf. */
    public int size() {
        return bytes.length;
    }

    /** A copy of the protobuf. */
    public byte[] toByteArray() {
        return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Metadata that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "metadata of %d bytes".formatted(bytes.length);
    }
}
