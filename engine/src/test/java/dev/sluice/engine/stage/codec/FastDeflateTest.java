package dev.sluice.engine.stage.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.stage.codec.CodecSamples.Content;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FastDeflateTest {

    private static final int SLAB = 1 << 20;
    private static final int BLOCK = 24 * 1024;

    private final SlabDeflater deflater = new FastDeflate().create(1);

    @AfterEach
    void close() {
        deflater.close();
    }

    @ParameterizedTest
    @ValueSource(
            ints = {0, 1, 2, 3, 4, 5, 7, 8, 9, 258, 259, 300, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, SLAB - 1, SLAB})
    void everySizeComesBack(int size) {
        for (Content content : Content.values()) {
            comesBack(content.bytes(size));
        }
    }

    /** Mixtures of noise, of few and of skewed symbols, of repeats near and far, each stretch of any length. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void mixturesComeBack(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 25; round++) {
            comesBack(mixture(random, random.nextInt(1 << (4 + random.nextInt(16)))));
        }
        comesBack(mixture(random, SLAB));
    }

    @Test
    void repeatsAtTheEdgeOfTheWindowComeBack() {
        for (int gap : new int[] {32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1}) {
            byte[] raw = new byte[gap + 300];
            new Random(gap).nextBytes(raw);
            System.arraycopy(raw, 0, raw, gap, 300);
            comesBack(raw);
        }
    }

    @Test
    void symbolsOfEveryFrequencyComeBack() {
        // Fibonacci frequencies want codes of more than 15 bits.
        byte[] raw = new byte[BLOCK];
        int at = 0;
        for (int symbol = 0, one = 1, next = 1; at < raw.length; symbol++) {
            int end = Math.min(raw.length, at + one);
            Arrays.fill(raw, at, end, (byte) symbol);
            at = end;
            int sum = one + next;
            one = next;
            next = sum;
        }
        var random = new Random(1);
        for (int i = raw.length - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            byte swapped = raw[i];
            raw[i] = raw[other];
            raw[other] = swapped;
        }
        comesBack(raw);
    }

    @Test
    void aResultThatDoesNotFitIsRefusedAndTheNextOneIsSound() {
        byte[] text = Content.TEXT.bytes(200_000);
        int size = comesBack(text);
        ByteBuffer raw = ByteBuffer.allocateDirect(text.length).put(text).flip();
        for (int room : new int[] {0, 1, size / 2, size - 1}) {
            assertThat(deflater.deflate(raw.duplicate(), ByteBuffer.allocateDirect(room)))
                    .isEqualTo(SlabDeflater.DOES_NOT_FIT);
            assertThat(comesBack(text)).isEqualTo(size);
        }
        assertThat(deflater.deflate(raw.duplicate(), ByteBuffer.allocateDirect(size)))
                .isEqualTo(size);
    }

    @ParameterizedTest
    @EnumSource(names = {"ZEROS", "TEXT", "TSM"})
    void isAboutAsSmallAsZlibAtLevelOne(Content content) {
        byte[] raw = content.bytes(SLAB);
        var zlib = new Deflater(1, true);
        zlib.setInput(raw);
        zlib.finish();
        int theirs = zlib.deflate(new byte[SLAB]);
        zlib.end();
        assertThat(comesBack(raw)).isLessThan(theirs * 115 / 100);
    }

    @Test
    void gzipItselfReadsAFile(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("a.gz");
        var raw = new ByteArrayOutputStream();
        var random = new Random(11);
        try (SlabEncoder encoder = SlabEncoders.gzip(1, List.of(new FastDeflate()));
                var out = Files.newOutputStream(file)) {
            for (Content content : Content.values()) {
                for (byte[] slab : List.of(content.bytes(SLAB), mixture(random, 70_000), new byte[0])) {
                    raw.writeBytes(slab);
                    out.write(CodecSamples.encoded(encoder, slab));
                }
            }
        }
        Process gzip = new ProcessBuilder("gzip", "-t", file.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(gzip.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(gzip.waitFor()).isZero();
        assertThat(CodecSamples.gunzip(Files.readAllBytes(file))).isEqualTo(raw.toByteArray());
    }

    @Test
    void theBoundHoldsForWhatIsHalfNoise() {
        try (SlabEncoder encoder = SlabEncoders.gzip(1, List.of(new FastDeflate()))) {
            var random = new Random(5);
            for (int round = 0; round < 40; round++) {
                byte[] raw = new byte[random.nextInt(100_000)];
                random.nextBytes(raw);
                Arrays.fill(raw, 0, raw.length == 0 ? 0 : random.nextInt(Math.min(40, raw.length)), (byte) 1);
                int bound = encoder.bound(raw.length);
                ByteBuf slab = CodecSamples.Placement.DIRECT.of(raw);
                ByteBuf out = Unpooled.directBuffer(bound, bound);
                encoder.encode(slab, out);
                assertThat(CodecSamples.gunzip(CodecSamples.bytes(out))).isEqualTo(raw);
                slab.release();
                out.release();
            }
        }
    }

    /** Deflates, inflates in two ways, and gives the size. */
    private int comesBack(byte[] raw) {
        ByteBuffer slab = ByteBuffer.allocateDirect(raw.length + 3).position(3);
        slab.put(raw).flip().position(3);
        // At most stored blocks of its own size, and the end of an empty one.
        ByteBuffer out = ByteBuffer.allocateDirect(raw.length + 5 * (raw.length / BLOCK + 1) + 5);
        int size = deflater.deflate(slab, out);
        assertThat(size).isPositive();
        byte[] deflated = new byte[size];
        out.get(0, deflated);
        var inflater = new Inflater(true);
        try {
            byte[] back = new byte[raw.length + 1];
            inflater.setInput(deflated);
            int length = inflater.inflate(back);
            assertThat(inflater.finished()).isTrue();
            assertThat(inflater.getRemaining()).isZero();
            assertThat(Arrays.equals(raw, 0, raw.length, back, 0, length)).isTrue();
            inflater.reset();
            try (var in = new InflaterInputStream(new ByteArrayInputStream(deflated), inflater, 61)) {
                assertThat(Arrays.equals(raw, in.readAllBytes())).isTrue();
            }
            return size;
        } catch (DataFormatException e) {
            throw new AssertionError(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            inflater.end();
        }
    }

    private static byte[] mixture(Random random, int size) {
        byte[] bytes = new byte[size];
        int at = 0;
        while (at < size) {
            int length = Math.min(size - at, 1 + random.nextInt(1 << (1 + random.nextInt(15))));
            switch (random.nextInt(at == 0 ? 4 : 6)) {
                case 0 -> {
                    byte[] noise = new byte[length];
                    random.nextBytes(noise);
                    System.arraycopy(noise, 0, bytes, at, length);
                }
                case 1 -> Arrays.fill(bytes, at, at + length, (byte) random.nextInt());
                case 2 -> {
                    int symbols = 1 + random.nextInt(60);
                    for (int i = at; i < at + length; i++) {
                        bytes[i] = (byte) random.nextInt(symbols);
                    }
                }
                case 3 -> {
                    for (int i = at; i < at + length; i++) {
                        bytes[i] = (byte) (random.nextGaussian() * 20);
                    }
                }
                default -> {
                    int distance = 1 + random.nextInt(Math.min(at, 1 << (1 + random.nextInt(16))));
                    for (int i = at; i < at + length; i++) {
                        bytes[i] = bytes[i - distance];
                    }
                }
            }
            at += length;
        }
        return bytes;
    }
}
