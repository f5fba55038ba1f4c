package dev.sluice.engine.tsm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.TsmDamaged;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TsmBlockTest {

    @ParameterizedTest
    @EnumSource(BlockType.class)
    void everyBlockDecodesToWhatWasEncoded(BlockType type) {
        var random = new Random(20260101 + type.code());
        for (int round = 0; round < 400; round++) {
            TsmBlock block = Columns.block(type, random);
            assertThat(TsmBlock.decode(block.encode())).as("round %d", round).isEqualTo(block);
        }
    }

    @Test
    void anyBufferIsReadFromItsPositionToItsLimit() {
        TsmBlock block = TsmBlock.ofFloats(new long[] {1, 2, 5}, new double[] {1.5, -3, 1e300});
        byte[] bytes = Columns.bytes(block);
        for (ByteBuffer buffer :
                new ByteBuffer[] {ByteBuffer.allocate(bytes.length + 20), ByteBuffer.allocateDirect(bytes.length + 20)
                }) {
            buffer.position(7).put(bytes).flip().position(7);
            ByteBuffer part = buffer.slice();
            assertThat(TsmBlock.decode(buffer)).isEqualTo(block);
            assertThat(buffer.remaining()).isZero();
            assertThat(TsmBlock.decode(part)).isEqualTo(block);
        }
    }

    @ParameterizedTest
    @EnumSource(BlockType.class)
    void aDamagedBlockIsRefusedEvenIfItsChecksumIsRight(BlockType type) {
        var random = new Random(77 + type.code());
        int refused = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = Columns.bytes(Columns.block(type, random));
            for (int i = random.nextInt(3); i >= 0; i--) {
                bytes[4 + random.nextInt(bytes.length - 4)] = (byte) random.nextInt();
            }
            ByteBuffer damaged = sealed(bytes, random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length);
            try {
                TsmBlock.decode(damaged); // still well-formed: other values
            } catch (TsmDamaged e) {
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void everyFlippedBitIsFound() {
        byte[] bytes = Columns.bytes(TsmBlock.ofFloats(new long[] {1, 2, 5}, new double[] {1.5, -3, 1e300}));
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> TsmBlock.decode(ByteBuffer.wrap(flipped))).isInstanceOf(TsmDamaged.class);
        }
    }

    @Test
    void aRunCannotClaimMoreValuesThanABlockMayHave() {
        // Type integer; timestamps: a run of 2^40 of them; values: a run as long.
        byte[] bytes = HexFormat.of()
                .parseHex("00000000" + "01" + "10" + "2A16345785D8A0000001" + "808080808020" + "20000000000000000202"
                        + "808080808020");
        assertThatThrownBy(() -> TsmBlock.decode(sealed(bytes, bytes.length)))
                .isInstanceOf(TsmDamaged.class)
                .hasMessageContaining("number of timestamps is 1099511627776");
    }

    @Test
    void fewerValuesThanTimestampsAreRefused() {
        byte[] two = Columns.bytes(TsmBlock.ofIntegers(new long[] {1, 2}, new long[] {5, 7}));
        two[5 + 1 + 10] = 3; // the run of timestamps has three now
        assertThatThrownBy(() -> TsmBlock.decode(sealed(two, two.length)))
                .isInstanceOf(TsmDamaged.class)
                .hasMessageContaining("2 values for 3 timestamps");
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1C0000000000000001",
        "-3000 -2000 -500 0 700, 12FFFFFFFFFFFFF448C000E0014007800A",
        "0 1152921504606846975 1152921504606846976, 100000000000000000FFFFFFFFFFFFFFFFF000000000000001",
        "0 1152921504606846976 1152921504606846978, 00000000000000000010000000000000000000000000000002",
        "-1000000000000000000 1000000000000000000, 2CF21F494C589C000080897A02",
    })
    void timestampsAreEncodedAsInfluxdDoes(String times, String hex) {
        long[] values =
                Arrays.stream(times.split(" ", -1)).mapToLong(Long::parseLong).toArray();
        var out = new Output(8);
        TimeCodec.encode(values, 0, values.length, out);
        assertThat(HexFormat.of().withUpperCase().formatHex(out.toByteArray())).isEqualTo(hex);
        var in = new Input(out.toByteArray());
        assertThat(TimeCodec.decode(in, TimeCodec.count(in))).isEqualTo(values);
    }

    @Test
    void stringsThatRepeatAreStoredShort() {
        byte[][] states = IntStream.range(0, 1000)
                .mapToObj(i -> (i % 50 == 0 ? "degraded: fan speed low" : "ok").getBytes(StandardCharsets.UTF_8))
                .toArray(byte[][]::new);
        TsmBlock block = TsmBlock.ofStrings(Columns.times(1000, new Random(1)), states);
        var out = new Output(8);
        StringCodec.encode(states, 0, 1000, out);
        assertThat(out.length()).isLessThan(700);
        assertThat(TsmBlock.decode(block.encode())).isEqualTo(block);
    }

    @Test
    void nonsenseIsRefusedAtBirth() {
        long[] one = {1};
        assertThatThrownBy(() -> TsmBlock.ofFloats(one, new double[] {Double.NaN}))
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> TsmBlock.ofIntegers(one, new long[2])).hasMessageContaining("2 values");
        assertThatThrownBy(() -> TsmBlock.ofIntegers(new long[0], new long[0])).hasMessageContaining("not 0");
        assertThatThrownBy(() -> TsmBlock.ofIntegers(new long[] {3, 3}, new long[2]))
                .hasMessageContaining("do not ascend");
    }

    private static ByteBuffer sealed(byte[] bytes, int length) {
        int end = Math.max(length, 4);
        var crc = new CRC32();
        crc.update(bytes, 4, end - 4);
        return ByteBuffer.wrap(bytes, 0, end).putInt(0, (int) crc.getValue());
    }
}
