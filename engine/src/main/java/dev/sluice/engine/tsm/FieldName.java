package dev.sluice.engine.tsm;

import java.nio.charset.StandardCharsets;

/**
 * A field of a measurement, as the keys of files name it.
 *
 * @param bytes measurement and field as they stand in a key, with a NUL between them, which neither can hold; bytes held as
 *     Latin-1
 */
public record FieldName(String bytes) {

    /** Of a key: series key, {@code #!~#}, field name. */
    public static FieldName of(byte[] key) {
        int separator = Keys.separator(key);
        int end = separator < 0 ? key.length : separator;
        int comma = 0;
        while (comma < end && !(key[comma] == ',' && (comma == 0 || key[comma - 1] != '\\'))) {
            comma++;
        }
        String text = new String(key, StandardCharsets.ISO_8859_1);
        return new FieldName(
                text.substring(0, comma) + "\0" + (separator < 0 ? "" : text.substring(separator + Keys.SEPARATOR)));
    }

    /** For people. */
    public String measurement() {
        return words()[0];
    }

    /** For people. */
    public String field() {
        return words()[1];
    }

    private String[] words() {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8).split("\0", 2);
    }

    @Override
    public String toString() {
        return measurement() + "." + field();
    }
}
