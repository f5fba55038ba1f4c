package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.line.LineEndings;
import dev.sluice.engine.tsm.TsmBlock;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class KnownTimesTest {

    private static final long START = 1_600_000_000_000_000_000L;

    private final KnownTimes known = new KnownTimes();

    private static TsmBlock block(long... times) {
        return TsmBlock.ofIntegers(times, new long[times.length]);
    }

    @Test
    void aBlockWithTheSameTimesGetsTheSameText() {
        LineEndings first = known.of(block(START, START + 7, START + 9));
        assertThat(first).isNotNull();
        assertThat(known.of(block(START + 10_000, START + 20_000))).isNotSameAs(first);
        assertThat(known.of(block(START, START + 7, START + 9))).isSameAs(first);
    }

    @Test
    void timesThatOnlyBeginAndEndAlikeAreNotTakenForTheSame() {
        long[] one = {START, START + 7, START + 9};
        long[] other = {START, START + 8, START + 9};
        LineEndings first = known.of(block(one));
        LineEndings second = known.of(block(other));
        assertThat(first).isNotNull().satisfies(it -> assertThat(it.areOf(one)).isTrue());
        assertThat(second)
                .isNotNull()
                .satisfies(it -> assertThat(it.areOf(other)).isTrue());
    }

    @Test
    void whateverCameBeforeABlockGetsItsOwnTimes() {
        var random = new Random(5);
        for (int i = 0; i < 2_000; i++) {
            long[] times = LongStream.iterate(START + random.nextInt(300) * 1_000L, time -> time + 10)
                    .limit(1 + random.nextInt(20))
                    .toArray();
            LineEndings endings = known.of(block(times));
            assertThat(endings)
                    .isNotNull()
                    .satisfies(it -> assertThat(it.areOf(times)).isTrue());
        }
    }

    @Test
    void timesOfOtherWidthsAreOfNoUse() {
        assertThat(known.of(block(-1, 5, START))).isNull();
        assertThat(known.of(block(999_999_999_999_999_999L, START))).isNull();
        assertThat(known.of(block(LongStream.range(START, START + 2_001).toArray())))
                .isNull();
    }
}
