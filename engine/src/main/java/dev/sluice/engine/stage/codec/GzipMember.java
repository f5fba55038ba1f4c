package dev.sluice.engine.stage.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The parts of a gzip member (RFC 1952) that are not deflate, and deflate's stored blocks. */
final class GzipMember {

    /** ID1, ID2, method 8 (deflate), no flags, no time, no extra flags, unknown system. */
    private static final byte[] PLAIN_HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};

    /**
     * As influxd 1.6 to 1.12 writes it, observed: FNAME set, and for a time the low 32 bits of the year 1. The name
     * and a NUL follow.
     */
    private static final byte[] NAMED_HEADER = {0x1f, (byte) 0x8b, 8, 8, 0, 0x09, 0x6e, (byte) 0x88, 0, (byte) 0xff};

    /** CRC-32 and length of the raw bytes. */
    static final int TRAILER = 8;

    private static final int STORED_BLOCK = 65_535;
    private static final int STORED_BLOCK_HEADER = 5;

    private GzipMember() {}

    static int bound(int rawBytes) {
        if (rawBytes < 0) {
            throw new IllegalArgumentException("a slab has 0 bytes or more, not " + rawBytes);
        }
        long bound = NAMED_HEADER.length + SlabEncoder.MAX_NAME + 1 + storedSize(rawBytes) + TRAILER;
        if (bound > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a slab of %d bytes is too large".formatted(rawBytes));
        }
        return (int) bound;
    }

    static void writeHeader(ByteBuf out, @Nullable String originalName) {
        if (originalName == null) {
            out.writeBytes(PLAIN_HEADER);
            return;
        }
        if (originalName.length() > SlabEncoder.MAX_NAME
                || !originalName.chars().allMatch(c -> c > 0 && c < 256)) {
            throw new IllegalArgumentException("not a file name for a gzip header: '" + originalName + "'");
        }
        out.writeBytes(NAMED_HEADER);
        out.writeBytes(originalName.getBytes(StandardCharsets.ISO_8859_1));
        out.writeByte(0);
    }

    static void writeTrailer(ByteBuf out, CRC32 crc, int rawBytes) {
        out.writeIntLE((int) crc.getValue());
        out.writeIntLE(rawBytes);
    }

    /** Size of {@code rawBytes} as stored deflate blocks. */
    static long storedSize(int rawBytes) {
        long blocks = Math.max(1, ((long) rawBytes + STORED_BLOCK - 1) / STORED_BLOCK);
        return rawBytes + blocks * STORED_BLOCK_HEADER;
    }

    /** Writes the readable bytes of {@code raw} as stored blocks, the last one marked as such. */
    static void writeStored(ByteBuf raw, ByteBuf out) {
        writeStored(raw, out, null);
    }

    /** The same, and feeds each block to {@code crc} while it is in the processor's cache. */
    static void writeStored(ByteBuf raw, ByteBuf out, @Nullable CRC32 crc) {
        int position = raw.readerIndex();
        int end = raw.writerIndex();
        do {
            int length = Math.min(STORED_BLOCK, end - position);
            out.writeByte(position + length == end ? 1 : 0);
            out.writeShortLE(length);
            out.writeShortLE(~length);
            if (crc != null) {
                crc.update(raw.nioBuffer(position, length));
            }
            out.writeBytes(raw, position, length);
            position += length;
        } while (position < end);
    }
}
