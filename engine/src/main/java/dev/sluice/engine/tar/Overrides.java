package dev.sluice.engine.tar;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What extended headers say of the file after them, in place of what its own header says. */
final class Overrides {

    private static final int NANOS = 9;

    private @Nullable String path;
    private @Nullable Long size;
    private @Nullable Instant modified;

    @Nullable
    String path() {
        return path;
    }

    @Nullable
    Long size() {
        return size;
    }

    @Nullable
    Instant modified() {
        return modified;
    }

    /** GNU type {@code L}: the path, ended by a NUL. */
    void readLongName(byte[] body) {
        int length = 0;
        while (length < body.length && body[length] != 0) {
            length++;
        }
        path = new String(body, 0, length, StandardCharsets.UTF_8);
    }

    /**
     * PAX type {@code x}: records {@code "<length> <key>=<value>\n"}, the length counting the whole record.
     *
     * @throws IllegalArgumentException with a clause that says what is wrong
     */
    void readPaxRecords(byte[] body) {
        int at = 0;
        while (at < body.length) {
            int space = indexOf(body, ' ', at, Math.min(body.length, at + 8));
            int length = space < 0 ? -1 : (int) number(text(body, at, space));
            int end = at + length;
            if (length <= space - at || end > body.length || body[end - 1] != '\n') {
                throw new IllegalArgumentException("has a record of wrong length");
            }
            int equals = indexOf(body, '=', space + 1, end);
            if (equals < 0) {
                throw new IllegalArgumentException("has a record without '='");
            }
            apply(text(body, space + 1, equals), text(body, equals + 1, end - 1));
            at = end;
        }
    }

    private void apply(String key, String value) {
        if (key.startsWith("GNU.sparse.")) {
            throw new IllegalArgumentException("announces a sparse file");
        }
        if (value.isEmpty()) {
            return;
        }
        switch (key) {
            case "path" -> path = value;
            case "size" -> size = number(value);
            case "mtime" -> modified = time(value);
            default -> {
                // Owners, access times and comments travel in the raw header only.
            }
        }
    }

    private static long number(String digits) {
        if (digits.isEmpty() || digits.length() > 18 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new IllegalArgumentException("has a number that is none");
        }
        return Long.parseLong(digits);
    }

    private static Instant time(String seconds) {
        if (seconds.length() > 32 || !seconds.matches("-?[0-9]+(\\.[0-9]*)?")) {
            throw new IllegalArgumentException("has a time that is none");
        }
        try {
            BigDecimal nanos =
                    new BigDecimal(seconds).setScale(NANOS, RoundingMode.FLOOR).movePointRight(NANOS);
            var parts = nanos.toBigIntegerExact()
                    .divideAndRemainder(BigDecimal.ONE.movePointRight(NANOS).toBigIntegerExact());
            return Instant.ofEpochSecond(parts[0].longValueExact(), parts[1].longValueExact());
        } catch (ArithmeticException | DateTimeException e) {
            throw new IllegalArgumentException("has a time that is none", e);
        }
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }

    private static int indexOf(byte[] bytes, char wanted, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == wanted) {
                return i;
            }
        }
        return -1;
    }
}
