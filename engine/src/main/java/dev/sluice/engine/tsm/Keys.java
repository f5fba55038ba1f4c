package dev.sluice.engine.tsm;

import java.nio.charset.StandardCharsets;

/** The parts of a key: series key, {@code #!~#}, field name. */
final class Keys {

    /** Bytes between series key and field name. */
    static final int SEPARATOR = 4;

    private static final int LONGEST_TEXT = 300;

    private Keys() {}

    /** For people: what is not UTF-8 or cannot be printed is replaced. */
    static String text(byte[] key) {
        var text = new StringBuilder();
        new String(key, 0, Math.min(key.length, LONGEST_TEXT), StandardCharsets.UTF_8)
                .codePoints()
                .map(c -> Character.isISOControl(c) ? '\uFFFD' : c)
                .forEach(text::appendCodePoint);
        return key.length > LONGEST_TEXT ? text.append("...").toString() : text.toString();
    }

    /** Where the first separator starts, or -1: what comes before it is the series key. */
    static int separator(byte[] key) {
        for (int i = 0; i <= key.length - SEPARATOR; i++) {
            if (key[i] == '#' && key[i + 1] == '!' && key[i + 2] == '~' && key[i + 3] == '#') {
                return i;
            }
        }
        return -1;
    }
}
