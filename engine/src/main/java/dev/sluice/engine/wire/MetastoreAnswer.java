package dev.sluice.engine.wire;

import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.model.Metadata;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * The answer to {@link SnapshotRequest.MetastoreBackup}, and all that a legacy {@code meta.NN} file holds:
 * magic, length, metastore, length, node JSON.
 */
public final class MetastoreAnswer {

    static final long MAGIC = 0x0000_0000_5959_0101L;

    /** The most that is taken for either part; a million shards have about 40 MB of metastore. */
    public static final int MAX_PART = 256 * 1024 * 1024;

    private static final byte[] NO_NODE = "null\n".getBytes(StandardCharsets.UTF_8);
    private static final int HEADER = 2 * Long.BYTES;
    private static final String WHAT = "metastore answer: ";

    private final Metadata metadata;
    private final byte[] node;

    /** @param node JSON of clustered ancestors; see {@link #MetastoreAnswer(Metadata)} */
    public MetastoreAnswer(Metadata metadata, byte[] node) {
        this.metadata = metadata;
        this.node = node.clone();
    }

    /** With {@code null} and a newline for the node, as every server from 1.5 on sends it. */
    public MetastoreAnswer(Metadata metadata) {
        this(metadata, NO_NODE);
    }

    public Metadata metadata() {
        return metadata;
    }

    /** A copy of the node JSON. */
    public byte[] node() {
        return node.clone();
    }

    /**
     * Reads a whole answer, to the buffer's end. The buffer stays the caller's.
     *
     * @throws MalformedResponse on a wrong magic, on lengths that do not fit what is there, on bytes after it
     */
    public static MetastoreAnswer decode(ByteBuf in) {
        int begin = in.readerIndex();
        OptionalLong expected = expectedLength(in);
        int received = in.readableBytes();
        if (expected.isEmpty() || received < expected.getAsLong()) {
            String what = WHAT
                    + "ended after %d bytes%s"
                            .formatted(received, expected.isPresent() ? ", promised were " + expected.getAsLong() : "");
            throw beginsRight(in) ? MalformedResponse.cut(what, received) : new MalformedResponse(what, received);
        }
        if (received > expected.getAsLong()) {
            throw new MalformedResponse(WHAT + "goes on after its end", expected.getAsLong());
        }
        in.skipBytes(Long.BYTES);
        byte[] metadata = new byte[(int) in.readLong()];
        in.readBytes(metadata);
        byte[] node = new byte[(int) in.readLong()];
        in.readBytes(node);
        assert in.readerIndex() - begin == received;
        return new MetastoreAnswer(Metadata.of(metadata), node);
    }

    /**
     * How long the whole answer will be, told from its first bytes: of use to whoever collects it. Takes
     * nothing from the buffer.
     *
     * @return empty as long as it cannot be known: both lengths must be there
     * @throws MalformedResponse as soon as the bytes cannot become an answer
     */
    public static OptionalLong expectedLength(ByteBuf soFar) {
        int begin = soFar.readerIndex();
        int received = soFar.readableBytes();
        if (received < Long.BYTES) {
            return OptionalLong.empty();
        }
        checkMagic(WHAT, soFar.getLong(begin));
        if (received < HEADER) {
            return OptionalLong.empty();
        }
        long metadata = length(soFar, begin, Long.BYTES);
        long nodeAt = HEADER + metadata;
        if (received < nodeAt + Long.BYTES) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(nodeAt + Long.BYTES + length(soFar, begin, (int) nodeAt));
    }

    /** As far as the magic is there; more of it was looked at before. */
    private static boolean beginsRight(ByteBuf in) {
        int there = Math.min(in.readableBytes(), Long.BYTES);
        for (int i = 0; i < there; i++) {
            if (in.getByte(in.readerIndex() + i) != (byte) (MAGIC >>> (Long.SIZE - Byte.SIZE * (i + 1)))) {
                return false;
            }
        }
        return true;
    }

    static void checkMagic(String what, long magic) {
        if (magic != MAGIC) {
            throw new MalformedResponse(
                    what + "it begins with %s, and not with 0x%016x".formatted(shown(magic), MAGIC), 0);
        }
    }

    /** As text where it is some: what answers then is told by it, HTTP for one. */
    private static String shown(long magic) {
        String text = new String(ByteBuffer.allocate(Long.BYTES).putLong(magic).array(), StandardCharsets.US_ASCII);
        return text.chars().allMatch(c -> c >= ' ' && c < 0x7f) ? "'" + text + "'" : "0x%016x".formatted(magic);
    }

    private static long length(ByteBuf in, int begin, int offset) {
        long length = in.getLong(begin + offset);
        if (length < 0 || length > MAX_PART) {
            throw new MalformedResponse(
                    WHAT + "length %s is beyond all reason".formatted(Long.toUnsignedString(length)), offset);
        }
        return length;
    }

    /** The answer as a server sends it. The caller owns the buffer. */
    public ByteBuf encode(ByteBufAllocator alloc) {
        return alloc.buffer(HEADER + metadata.size() + Long.BYTES + node.length)
                .writeLong(MAGIC)
                .writeLong(metadata.size())
                .writeBytes(metadata.toByteArray())
                .writeLong(node.length)
                .writeBytes(node);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MetastoreAnswer that
                && metadata.equals(that.metadata)
                && Arrays.equals(node, that.node);
    }

    @Override
    public int hashCode() {
        return 31 * metadata.hashCode() + Arrays.hashCode(node);
    }

    @Override
    public String toString() {
        return "metastore answer with " + metadata;
    }
}
