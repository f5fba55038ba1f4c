package dev.sluice.engine.stage.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.zip.GZIPInputStream;

/** Bytes to compress, ways to lay them into buffers, and readers that are not ours. */
public final class CodecSamples {

    private static final List<String> TSM = List.of(
            "fx_compact/autogen/10/000000004-000000002.tsm",
            "fx_float/autogen/1/000000001-000000001.tsm",
            "fx_string/autogen/4/000000001-000000001.tsm");

    private CodecSamples() {}

    public enum Content {
        RANDOM,
        ZEROS,
        TEXT,
        TSM;

        public byte[] bytes(int size) {
            byte[] bytes = new byte[size];
            switch (this) {
                case RANDOM -> new Random(size).nextBytes(bytes);
                case ZEROS -> {}
                case TEXT -> repeat(text(), bytes);
                case TSM -> repeat(tsm(), bytes);
            }
            return bytes;
        }

        private static byte[] text() {
            var random = new Random(7);
            var lines = new StringBuilder();
            for (int i = 0; i < 2_000; i++) {
                lines.append("cpu,host=web-%02d,region=eu usage=%.2f %d%n"
                        .formatted(random.nextInt(20), random.nextDouble() * 100, 1_600_000_000L + i));
            }
            return lines.toString().getBytes(StandardCharsets.UTF_8);
        }

        private static byte[] tsm() {
            var all = new ByteArrayOutputStream();
            for (String name : CodecSamples.TSM) {
                all.writeBytes(resource("/fixtures/tsm/data/" + name));
            }
            return all.toByteArray();
        }

        private static void repeat(byte[] pattern, byte[] into) {
            for (int at = 0; at < into.length; at += pattern.length) {
                System.arraycopy(pattern, 0, into, at, Math.min(pattern.length, into.length - at));
            }
        }
    }

    /** Where the bytes of a slab lie. */
    public enum Placement {
        DIRECT,
        DIRECT_WITH_OFFSET,
        DIRECT_SLICE,
        HEAP,
        HEAP_WITH_OFFSET,
        COMPOSITE;

        /** A buffer whose readable bytes are {@code bytes}; the caller releases it. */
        public ByteBuf of(byte[] bytes) {
            return switch (this) {
                case DIRECT -> Unpooled.directBuffer(bytes.length + 1).writeBytes(bytes);
                case DIRECT_WITH_OFFSET -> offset(Unpooled.directBuffer(bytes.length + 64), bytes);
                case DIRECT_SLICE -> {
                    ByteBuf whole = offset(Unpooled.directBuffer(bytes.length + 64), bytes);
                    yield whole.slice();
                }
                case HEAP -> Unpooled.buffer(bytes.length + 1).writeBytes(bytes);
                case HEAP_WITH_OFFSET -> offset(Unpooled.buffer(bytes.length + 64), bytes);
                case COMPOSITE -> {
                    int half = bytes.length / 2;
                    yield Unpooled.compositeBuffer()
                            .addComponent(true, Unpooled.directBuffer(half + 1).writeBytes(bytes, 0, half))
                            .addComponent(true, Unpooled.copiedBuffer(bytes, half, bytes.length - half));
                }
            };
        }

        private static ByteBuf offset(ByteBuf buffer, byte[] bytes) {
            return buffer.writeBytes("readable no more".getBytes(StandardCharsets.US_ASCII))
                    .skipBytes(16)
                    .writeBytes(bytes);
        }
    }

    public static byte[] resource(String name) {
        try (InputStream in = CodecSamples.class.getResourceAsStream(name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One piece, made of {@code raw} in direct memory. */
    public static byte[] encoded(SlabEncoder encoder, byte[] raw) {
        ByteBuf slab = Placement.DIRECT.of(raw);
        ByteBuf out = Unpooled.directBuffer(encoder.bound(raw.length));
        try {
            encoder.encode(slab, out);
            return bytes(out);
        } finally {
            slab.release();
            out.release();
        }
    }

    public static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.getBytes(buffer.readerIndex(), bytes);
        return bytes;
    }

    public static byte[] concat(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(all::writeBytes);
        return all.toByteArray();
    }

    /** What the JDK reads from gzip. */
    public static byte[] gunzip(byte[] compressed) {
        try (var in = new GZIPInputStream(new ByteArrayInputStream(compressed))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What zstd's own stream reads. */
    public static byte[] unzstd(byte[] compressed) {
        try (var in = new com.github.luben.zstd.ZstdInputStream(new ByteArrayInputStream(compressed))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
