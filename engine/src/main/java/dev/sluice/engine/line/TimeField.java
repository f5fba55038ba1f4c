package dev.sluice.engine.line;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Finds a field called {@code time} beside others: a server drops it and says that all is well (204; observed on 1.6.7
 * and 1.8.10). Where it is alone, or a tag, the server refuses the point.
 */
public final class TimeField {

    private static final byte[] TIME = "time=".getBytes(StandardCharsets.UTF_8);

    private TimeField() {}

    /**
     * Whether the record has one.
     *
     * @param key length of its series key
     */
    public static boolean isIn(byte[] bytes, int from, int length, int key) {
        int end = from + length;
        int i = from + key;
        while (i < end && bytes[i] == ' ') {
            i++;
        }
        boolean time = false;
        boolean other = false;
        while (i < end) {
            boolean here = end - i >= TIME.length && Arrays.equals(bytes, i, i + TIME.length, TIME, 0, TIME.length);
            time |= here;
            other |= !here;
            i = fieldEnd(bytes, i, end);
            if (i == end || bytes[i] == ' ') {
                break;
            }
            i++;
        }
        return time && other;
    }

    /** The comma or the blank behind a field. */
    private static int fieldEnd(byte[] bytes, int from, int end) {
        boolean quoted = false;
        boolean value = false;
        for (int i = from; i < end; i++) {
            switch (bytes[i]) {
                case '\\' -> i++;
                case '=' -> value = true;
                case '"' -> quoted ^= value;
                case ',', ' ' -> {
                    if (!quoted) {
                        return i;
                    }
                }
                default -> {}
            }
        }
        return end;
    }
}
