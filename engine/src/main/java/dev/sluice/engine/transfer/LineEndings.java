package dev.sluice.engine.transfer;

import dev.sluice.engine.line.TextBuffer;
import dev.sluice.engine.tsm.TsmBlock;
import org.jspecify.annotations.Nullable;

/**
 * How lines end: a blank, the time, a newline. Fields of one series mostly have the same times, so the text of a block's
 * times is kept for the blocks that follow.
 */
final class LineEndings {

    /** From here to the last time there is, which is in 2262, a time has 19 digits. */
    private static final long NINETEEN_DIGITS = 1_000_000_000_000_000_000L;

    private static final int WIDTH = 21;
    private static final int MOST = 4 * TsmBlock.USUAL_VALUES;

    private final TextBuffer endings = new TextBuffer(WIDTH * TsmBlock.USUAL_VALUES + 64);
    private @Nullable TsmBlock of;

    /** Makes ready for the lines of a block; false where its times are of no use for this. */
    boolean prepare(TsmBlock block) {
        if (block.time(0) < NINETEEN_DIGITS || block.size() > MOST) {
            return false;
        }
        TsmBlock before = of;
        if (before == null || !before.sameTimes(block)) {
            endings.truncate(0);
            for (int i = 0; i < block.size(); i++) {
                endings.append(' ').append(block.time(i)).append('\n');
            }
        }
        of = block;
        return true;
    }

    /** Appends the ending of the line for a value of the block that was prepared last. */
    void append(int index, TextBuffer to) {
        to.append(endings, index * WIDTH, WIDTH);
    }
}
