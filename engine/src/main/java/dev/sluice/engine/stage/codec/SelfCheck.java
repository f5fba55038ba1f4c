package dev.sluice.engine.stage.codec;

import com.github.luben.zstd.Zstd;
import dev.sluice.engine.model.Compression.Codec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * What an encoder has to do before it sees data: a few kilobytes, at odd offsets, read back with the JDK. There are
 * native libraries that ignore offsets and compress the wrong bytes without a word.
 */
final class SelfCheck {

    private static final int RAW_OFFSET = 13;
    private static final int OUT_OFFSET = 7;
    private static final byte FILL = (byte) 0xa5;
    private static final int GZIP_HEADER = 10;

    private SelfCheck() {}

    /** What is wrong with the encoder, if anything. */
    static Optional<String> problem(SlabEncoder encoder, Codec codec) {
        try {
            for (byte[] sample : new byte[][] {compressible(), incompressible()}) {
                if (!Arrays.equals(sample, roundTrip(encoder, codec, sample))) {
                    return Optional.of("it does not give back what it was given");
                }
            }
            return Optional.empty();
        } catch (DataFormatException | RuntimeException | LinkageError e) {
            return Optional.of(e.toString());
        }
    }

    private static byte[] roundTrip(SlabEncoder encoder, Codec codec, byte[] sample) throws DataFormatException {
        ByteBuf raw = filled(RAW_OFFSET, sample.length + 100);
        ByteBuf out = filled(OUT_OFFSET, encoder.bound(sample.length));
        try {
            raw.writerIndex(RAW_OFFSET).writeBytes(sample).readerIndex(RAW_OFFSET);
            encoder.encode(raw, out);
            if (raw.readerIndex() != RAW_OFFSET || raw.readableBytes() != sample.length) {
                throw new DataFormatException("the slab's indices were moved");
            }
            if (!out.slice(0, OUT_OFFSET).equals(Unpooled.wrappedBuffer(fill(OUT_OFFSET)))) {
                throw new DataFormatException("bytes before the piece were overwritten");
            }
            byte[] piece = new byte[out.writerIndex() - OUT_OFFSET];
            out.getBytes(OUT_OFFSET, piece);
            return codec == Codec.ZSTD ? Zstd.decompress(piece, sample.length) : gunzip(piece, sample.length);
        } finally {
            raw.release();
            out.release();
        }
    }

    /** A direct buffer with {@code offset} readable bytes before {@code size} writable ones, none of them zero. */
    private static ByteBuf filled(int offset, int size) {
        return Unpooled.directBuffer(offset + size, offset + size)
                .writeBytes(fill(offset + size))
                .writerIndex(offset);
    }

    private static byte[] fill(int length) {
        byte[] fill = new byte[length];
        Arrays.fill(fill, FILL);
        return fill;
    }

    private static byte[] gunzip(byte[] member, int expected) throws DataFormatException {
        var inflater = new Inflater(true);
        try {
            inflater.setInput(member, GZIP_HEADER, member.length - GZIP_HEADER);
            byte[] raw = new byte[expected + 1];
            int length = inflater.inflate(raw);
            if (!inflater.finished() || inflater.getRemaining() != GzipMember.TRAILER) {
                throw new DataFormatException("a member does not end where it should");
            }
            byte[] result = Arrays.copyOf(raw, length);
            var crc = new CRC32();
            crc.update(result);
            ByteBuffer trailer = ByteBuffer.wrap(member).order(ByteOrder.LITTLE_ENDIAN);
            if (trailer.getInt(member.length - 8) != (int) crc.getValue()
                    || trailer.getInt(member.length - 4) != length) {
                throw new DataFormatException("a member's checksum or length is wrong");
            }
            return result;
        } finally {
            inflater.end();
        }
    }

    private static byte[] compressible() {
        var text = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            text.append("cpu,host=web-")
                    .append(i % 7)
                    .append(" usage=")
                    .append(i * 37 % 101)
                    .append('\n');
        }
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] incompressible() {
        byte[] noise = new byte[5_000];
        new Random(1).nextBytes(noise);
        return noise;
    }
}
