package dev.sluice.engine.transfer;

import dev.sluice.engine.line.TextBuffer;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.WalCursor;

/** Values of {@code tsm} as text of {@code line}. */
final class Lines {

    private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
    private static final byte[] SEPARATOR = {'#', '!', '~', '#'};

    private Lines() {}

    static void value(TsmBlock block, int i, TextBuffer to) {
        switch (block.type()) {
            case FLOAT -> to.append(block.floatAt(i));
            case INTEGER -> to.append(block.integerAt(i)).append('i');
            case UNSIGNED -> to.appendUnsigned(block.integerAt(i)).append('u');
            case BOOLEAN -> to.append(block.booleanAt(i) ? TRUE : FALSE);
            case STRING -> to.appendQuoted(block.stringAt(i));
        }
    }

    static void value(WalCursor at, TextBuffer to) {
        switch (at.type()) {
            case FLOAT -> to.append(at.asFloat());
            case INTEGER -> to.append(at.asInteger()).append('i');
            case UNSIGNED -> to.appendUnsigned(at.asInteger()).append('u');
            case BOOLEAN -> to.append(at.asBoolean() ? TRUE : FALSE);
            case STRING -> to.appendQuoted(at.asString());
        }
    }

    /** Length of the series key in a key: what comes before the first separator. */
    static int seriesLength(byte[] key) {
        for (int i = 0; i <= key.length - SEPARATOR.length; i++) {
            if (key[i] == '#' && key[i + 1] == '!' && key[i + 2] == '~' && key[i + 3] == '#') {
                return i;
            }
        }
        return key.length;
    }

    /** {@code ,field=}, escaped, of the field in a key: how it stands behind another one. */
    static byte[] nextField(byte[] key, int seriesLength) {
        return field(key, seriesLength, new TextBuffer(key.length - seriesLength + 8).append(','));
    }

    private static byte[] field(byte[] key, int seriesLength, TextBuffer text) {
        for (int i = Math.min(key.length, seriesLength + SEPARATOR.length); i < key.length; i++) {
            byte b = key[i];
            if (b == ',' || b == '"' || b == ' ' || b == '=') {
                text.append('\\');
            }
            text.append(key, i, 1);
        }
        return text.append('=').toByteArray();
    }

    /** {@code series field=}: how a line of one field begins. */
    static byte[] prefix(byte[] key, int seriesLength) {
        return field(
                key,
                seriesLength,
                new TextBuffer(key.length + 8).append(key, 0, seriesLength).append(' '));
    }
}
