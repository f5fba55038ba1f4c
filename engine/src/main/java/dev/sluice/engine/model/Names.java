package dev.sluice.engine.model;

import java.nio.charset.StandardCharsets;

/** The rule for names of databases and retention policies. */
public final class Names {

    private static final int MAX_BYTES = 255;

    private Names() {}

    /**
     * Whether a server would let this name be created: not empty, neither {@code .} nor {@code ..}, no slash
     * or backslash, no control character, at most 255 bytes of UTF-8.
     */
    public static boolean valid(String name) {
        return !name.isEmpty()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c))
                && name.getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES;
    }

    static String check(String what, String name) {
        if (!valid(name)) {
            throw new IllegalArgumentException("%s name is not valid: '%s'".formatted(what, name));
        }
        return name;
    }
}
