package dev.sluice.engine.tsm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import org.apache.commons.compress.compressors.snappy.SnappyCompressorInputStream;
import org.apache.commons.compress.compressors.snappy.SnappyCompressorOutputStream;
import org.junit.jupiter.api.Test;

/** Against the implementation of commons-compress, both ways. */
class SnappyTest {

    private static final int WINDOW = 1 << 16; // how far a copy of two bytes can reach back

    @Test
    void anotherImplementationReadsWhatWeWrite() throws IOException {
        var random = new Random(41);
        for (int round = 0; round < 120; round++) {
            byte[] plain = plain(random);
            var packed = new Output(64);
            Snappy.compress(plain, plain.length, packed);
            try (var in = new SnappyCompressorInputStream(new ByteArrayInputStream(packed.toByteArray()), WINDOW)) {
                assertThat(in.readAllBytes()).as("round %d", round).isEqualTo(plain);
            }
            assertThat(Snappy.uncompress(new Input(packed.toByteArray()), Snappy.MAX_PLAIN))
                    .isEqualTo(plain);
        }
    }

    @Test
    void weReadWhatAnotherImplementationWrites() throws IOException {
        var random = new Random(43);
        for (int round = 0; round < 60; round++) {
            byte[] plain = plain(random);
            var packed = new ByteArrayOutputStream();
            try (var out = new SnappyCompressorOutputStream(packed, plain.length)) {
                out.write(plain);
            }
            var in = new Input(packed.toByteArray());
            assertThat(Snappy.uncompress(in, Snappy.MAX_PLAIN))
                    .as("round %d", round)
                    .isEqualTo(plain);
            assertThat(in.remaining()).isZero();
        }
    }

    /** Runs, repetitions near and far, noise. */
    private static byte[] plain(Random random) {
        byte[] plain = new byte[1 + random.nextInt(random.nextInt(4) == 0 ? 200_000 : 3000)];
        int at = 0;
        while (at < plain.length) {
            int count = Math.min(plain.length - at, 1 + random.nextInt(300));
            int kind = at == 0 ? 2 : random.nextInt(3);
            int back = at == 0 ? 0 : 1 + random.nextInt(at);
            byte same = (byte) random.nextInt(4);
            for (int i = 0; i < count; i++, at++) {
                plain[at] = switch (kind) {
                    case 0 -> same;
                    case 1 -> plain[at - back];
                    default -> (byte) random.nextInt();
                };
            }
        }
        return plain;
    }
}
