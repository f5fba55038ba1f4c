package dev.sluice.engine.tsm;

/** The parts of a key: series key, {@code #!~#}, field name. */
final class Keys {

    private static final byte[] SEPARATOR = {'#', '!', '~', '#'};

    private Keys() {}

    /** Where the first separator starts, or -1: what comes before it is the series key. */
    static int separator(byte[] key) {
        for (int i = 0; i <= key.length - SEPARATOR.length; i++) {
            if (key[i] == '#' && key[i + 1] == '!' && key[i + 2] == '~' && key[i + 3] == '#') {
                return i;
            }
        }
        return -1;
    }
}
