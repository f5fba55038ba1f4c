package dev.sluice.engine.line;

import java.util.Arrays;

/** How the lines of a row of points end: a blank, the time, a newline, all of one width. Immutable. */
public final class LineEndings {

    /** From here to the last time there is, which is in 2262, a time has 19 digits. */
    private static final long NINETEEN_DIGITS = 1_000_000_000_000_000_000L;

    static final int WIDTH = 21;

    /** What may be written behind the last one. */
    private static final int BEHIND = 8;

    private final long[] times;
    private final byte[] text;

    private LineEndings(long[] times) {
        this.times = times;
        this.text = new byte[WIDTH * times.length + BEHIND];
        for (int i = 0, at = 0; i < times.length; i++) {
            text[at++] = ' ';
            at = TextBuffer.digits(times[i], text, at);
            text[at++] = '\n';
        }
    }

    /** Whether lines with these times, which ascend, have endings of one width: those from September 2001 on. */
    public static boolean suit(long[] times) {
        return times[0] >= NINETEEN_DIGITS;
    }

    /** @param times that {@linkplain #suit suit}, in nanoseconds since 1970; not to be changed any more */
    public static LineEndings of(long[] times) {
        return new LineEndings(times);
    }

    /** Whether these are the endings for the very same times. */
    public boolean areOf(long[] others) {
        return Arrays.equals(times, others);
    }

    /** Writes one at {@code at}; returns its end. */
    int write(int index, byte[] to, int at) {
        System.arraycopy(text, index * WIDTH, to, at, WIDTH);
        return at + WIDTH;
    }
}
