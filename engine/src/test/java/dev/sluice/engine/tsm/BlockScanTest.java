package dev.sluice.engine.tsm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.TsmDamaged;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlockScanTest {

    private final BlockScan scan = new BlockScan();

    @ParameterizedTest
    @EnumSource(BlockType.class)
    void findsTheEndOfEveryBlockWhateverFollows(BlockType type) {
        var random = new Random(90 + type.code());
        for (int round = 0; round < 300; round++) {
            TsmBlock block = Columns.block(type, random);
            byte[] bytes = Columns.bytes(block);
            byte[] followed = new byte[bytes.length + 200];
            random.nextBytes(followed);
            int from = random.nextInt(50);
            System.arraycopy(bytes, 0, followed, from, bytes.length);
            int to = followed.length - BlockScan.SLACK;

            assertThat(scan.scan(followed, from, to, to - from)).isEqualTo(from + bytes.length);
            assertThat(scan.type()).isEqualTo(type.code());
            assertThat(scan.count()).isEqualTo(block.size());
            assertThat(scan.first()).isEqualTo(block.time(0));
            assertThat(scan.last()).isEqualTo(block.time(block.size() - 1));
        }
    }

    @ParameterizedTest
    @EnumSource(BlockType.class)
    void asksForMoreAsLongAsABlockIsNotThere(BlockType type) {
        var random = new Random(70 + type.code());
        for (int round = 0; round < 60; round++) {
            byte[] bytes = Columns.bytes(Columns.block(type, random));
            byte[] buffer = Arrays.copyOf(bytes, bytes.length + BlockScan.SLACK);
            for (int to = 0; to < bytes.length; to += 1 + random.nextInt(1 + bytes.length / 40)) {
                // What comes after "to" has not come yet: whatever it is must not matter.
                byte[] cut = Arrays.copyOf(buffer, buffer.length);
                for (int i = to; i < cut.length; i++) {
                    cut[i] = (byte) random.nextInt();
                }
                assertThat(scan.scan(cut, 0, to, bytes.length)).isEqualTo(BlockScan.MORE);
                assertThat(scan.reached()).isBetween(to + 1, bytes.length);
            }
        }
    }

    /** The decoder and the scan are written apart; neither may take what the other refuses. */
    @ParameterizedTest
    @EnumSource(BlockType.class)
    void refusesExactlyWhatDoesNotDecode(BlockType type) {
        var random = new Random(50 + type.code());
        int refused = 0;
        for (int round = 0; round < 6000; round++) {
            byte[] bytes = Columns.bytes(Columns.block(type, random));
            for (int i = random.nextInt(3); i >= 0; i--) {
                int at = 5
                        + (random.nextBoolean()
                                ? random.nextInt(Math.min(20, bytes.length - 5))
                                : random.nextInt(bytes.length - 5));
                bytes[at] =
                        random.nextBoolean() ? (byte) random.nextInt() : (byte) (bytes[at] ^ 1 << random.nextInt(8));
            }
            int length = random.nextInt(4) == 0 ? 5 + random.nextInt(bytes.length - 5) : bytes.length;
            boolean decodes = decodes(bytes, length);
            assertThat(accepted(Arrays.copyOf(bytes, length + BlockScan.SLACK), length))
                    .as("round %d: %s", round, scan)
                    .isEqualTo(decodes);
            refused += decodes ? 0 : 1;
        }
        assertThat(refused).isPositive();
    }

    private boolean accepted(byte[] bytes, int length) {
        if (scan.scan(bytes, 0, length, length) != length) {
            return false;
        }
        try {
            if (scan.type() == BlockType.STRING.code()) {
                StringCodec.check(new Input(bytes, scan.valuesAt(), length), scan.count());
            }
            return true;
        } catch (TsmDamaged e) {
            return false;
        }
    }

    private static boolean decodes(byte[] bytes, int length) {
        var crc = new CRC32();
        crc.update(bytes, 4, length - 4);
        try {
            TsmBlock.decode(ByteBuffer.wrap(bytes, 0, length).putInt(0, (int) crc.getValue()));
            return true;
        } catch (TsmDamaged e) {
            return false;
        }
    }
}
