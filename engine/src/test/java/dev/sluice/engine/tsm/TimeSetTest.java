package dev.sluice.engine.tsm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TimeSetTest {

    private static final int SPACE = 200;

    @Test
    void agreesWithASetOfSingleInstants() {
        var random = new Random(5);
        for (int round = 0; round < 300; round++) {
            var bits = new BitSet();
            TimeSet set = some(random, bits);
            var otherBits = new BitSet();
            TimeSet other = some(random, otherBits);

            same(set, bits);
            bits.or(otherBits);
            same(set.union(other), bits);
            bits.flip(0, SPACE);
            same(set.union(other).complement(), bits);
        }
    }

    @Test
    void reachesBothEndsOfTime() {
        TimeSet late = TimeSet.of(7, Long.MAX_VALUE);
        assertThat(late.complement()).isEqualTo(TimeSet.of(Long.MIN_VALUE, 6));
        assertThat(late.union(late.complement())).isEqualTo(TimeSet.ALL);
        assertThat(TimeSet.ALL.complement()).isEqualTo(TimeSet.NONE);
        assertThat(TimeSet.NONE.complement()).isEqualTo(TimeSet.ALL);
        assertThat(TimeSet.ALL.covers(Long.MIN_VALUE, Long.MAX_VALUE)).isTrue();
        assertThat(TimeSet.of(3, 2).isEmpty()).isTrue();
    }

    private static TimeSet some(Random random, BitSet bits) {
        var builder = new TimeSet.Builder();
        for (int i = random.nextInt(40); i > 0; i--) {
            int min = random.nextInt(SPACE);
            int max = Math.min(SPACE - 1, min + random.nextInt(6) - 1);
            builder.add(min, max);
            if (max >= min) {
                bits.set(min, max + 1);
            }
        }
        return builder.build();
    }

    private static void same(TimeSet set, BitSet bits) {
        for (int min = 0; min < SPACE; min++) {
            assertThat(set.contains(min)).isEqualTo(bits.get(min));
            for (int max = min; max < Math.min(SPACE, min + 9); max++) {
                boolean touches = bits.nextSetBit(min) >= 0 && bits.nextSetBit(min) <= max;
                boolean covers = bits.nextClearBit(min) > max;
                assertThat(set.touches(min, max)).isEqualTo(touches);
                assertThat(set.covers(min, max)).isEqualTo(covers);
            }
        }
    }
}
