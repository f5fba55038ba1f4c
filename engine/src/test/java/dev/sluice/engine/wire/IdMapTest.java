package dev.sluice.engine.wire;

import static dev.sluice.engine.wire.Recorded.buffer;
import static dev.sluice.engine.wire.Recorded.drain;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.error.MalformedResponse;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdMapTest {

    /** Sent by a server for shard 1 that became 11. */
    private static final byte[] ONE =
            HexFormat.of().parseHex("0000000059590101" + "0000000000000001" + "0000000000000001" + "000000000000000b");

    @Test
    void readsAndWritesWhatServersSend() {
        IdMap map = IdMap.decode(buffer(ONE));

        assertThat(map).isEqualTo(new IdMap(Map.of(1L, 11L)));
        assertThat(drain(map.encode(ByteBufAllocator.DEFAULT))).isEqualTo(ONE);
    }

    @Test
    void readsNothingImported() {
        byte[] nothing = Arrays.copyOf(Arrays.copyOf(ONE, 8), 16);

        assertThat(IdMap.decode(buffer(nothing)).ids()).isEmpty();
        assertThat(drain(new IdMap(Map.of()).encode(ByteBufAllocator.DEFAULT))).isEqualTo(nothing);
    }

    @Test
    void keepsTheOrderOfTheWireAndUnsignedIds() {
        Map<Long, Long> ids = new LinkedHashMap<>();
        ids.put(-1L, 3L);
        ids.put(9L, -2L);
        ids.put(4L, 1L);

        IdMap read = IdMap.decode(buffer(drain(new IdMap(ids).encode(ByteBufAllocator.DEFAULT))));

        assertThat(read.ids()).containsExactlyEntriesOf(ids);
    }

    @Test
    void refusesEveryTruncation() {
        for (int length = 0; length < ONE.length; length++) {
            byte[] cut = Arrays.copyOf(ONE, length);
            assertThatExceptionOfType(MalformedResponse.class)
                    .isThrownBy(() -> IdMap.decode(buffer(cut)))
                    .satisfies(e -> assertThat(e.offset()).isEqualTo(cut.length));
        }
    }

    @Test
    void refusesBytesAfterTheEnd() {
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> IdMap.decode(buffer(Arrays.copyOf(ONE, 33))))
                .withMessageContaining("goes on after its end")
                .satisfies(e -> assertThat(e.offset()).isEqualTo(32));
    }

    @Test
    void refusesAnotherMagic() {
        byte[] bytes = ONE.clone();
        bytes[7] = 2;
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> IdMap.decode(buffer(bytes)))
                .withMessageContaining("begins with 0x0000000059590102");
    }

    @Test
    void refusesAShardThatStandsInItTwice() {
        byte[] twice = Arrays.copyOf(ONE, 48);
        System.arraycopy(ONE, 16, twice, 32, 16);
        twice[15] = 2;
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> IdMap.decode(buffer(twice)))
                .withMessageContaining("shard 1 stands in it twice");
    }

    @ParameterizedTest
    @ValueSource(longs = {2, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 60, (1L << 60) + 1, Integer.MAX_VALUE})
    void allocatesNothingForANumberThatLies(long pairs) {
        ByteBuf lying = buffer(ONE.clone()).setLong(8, pairs);
        assertThat(Allocated.by(() -> assertThatExceptionOfType(MalformedResponse.class)
                        .isThrownBy(() -> IdMap.decode(lying))
                        .withMessageContaining("promised were " + Long.toUnsignedString(pairs))))
                .isLessThan(4 << 20);
    }

    @Test
    void garbageIsRefusedAndNothingElse() {
        var random = new Random(3);
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            System.arraycopy(ONE, 0, bytes, 0, Math.min(bytes.length, random.nextInt(17)));
            try {
                assertThat(drain(IdMap.decode(buffer(bytes)).encode(ByteBufAllocator.DEFAULT)))
                        .isEqualTo(bytes);
            } catch (MalformedResponse e) {
                assertThat(e.offset()).isBetween(0L, (long) bytes.length);
            }
        }
    }
}
