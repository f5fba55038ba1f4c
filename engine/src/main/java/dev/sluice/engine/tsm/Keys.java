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

    /** The name of the measurement without its escapes; bytes that are no UTF-8 are replaced. */
    static String measurement(byte[] key) {
        byte[] name = new byte[key.length];
        int length = 0;
        int end = separator(key);
        end = end < 0 ? key.length : end;
        for (int i = 0; i < end && key[i] != ','; i++) {
            boolean escape = key[i] == '\\' && i + 1 < end && (key[i + 1] == ',' || key[i + 1] == ' ');
            if (escape) {
                i++;
            }
            name[length++] = key[i];
        }
        return new String(name, 0, length, StandardCharsets.UTF_8);
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
