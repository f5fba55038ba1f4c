package dev.sluice.engine.transfer;

import dev.sluice.engine.line.LineEndings;
import dev.sluice.engine.tsm.TsmBlock;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The text of times that blocks had lately. Fields of a series have the same times, and what agents send has the same for
 * all its series, block by block: so a time is written out once for many values. Any thread.
 */
final class KnownTimes {

    /** A power of two: a week in blocks of 1,000 points, one every ten seconds, is 61. */
    private static final int PLACES = 64;

    /** Blocks with more values are not remembered: the text of this many takes 4 MB in all places. */
    private static final int MOST = 2 * TsmBlock.USUAL_VALUES;

    private final AtomicReferenceArray<LineEndings> places = new AtomicReferenceArray<>(PLACES);

    /** Endings for the lines of a block's points; null where they are of no use. */
    @Nullable
    LineEndings of(TsmBlock block) {
        long[] times = block.times();
        if (times.length > MOST || !LineEndings.suit(times)) {
            return null;
        }
        long mixed = (times[0] + 31 * times[times.length - 1]) * 0x9E3779B97F4A7C15L;
        int place = (int) (mixed >>> 58) & (PLACES - 1);
        LineEndings there = places.get(place);
        if (there != null && there.areOf(times)) {
            return there;
        }
        LineEndings fresh = LineEndings.of(times);
        places.set(place, fresh);
        return fresh;
    }
}
