package dev.sluice.engine.line;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text under construction: bytes that grow while numbers and names are appended. One thread; reused by its owner. */
public final class TextBuffer {

    /** What a long takes at most. */
    private static final int LONG = 20;

    private static final byte[] PAIRS = new byte[200];

    static {
        for (int i = 0; i < 100; i++) {
            PAIRS[2 * i] = (byte) ('0' + i / 10);
            PAIRS[2 * i + 1] = (byte) ('0' + i % 10);
        }
    }

    private byte[] bytes;
    private int length;

    public TextBuffer(int capacity) {
        bytes = new byte[Math.max(capacity, 16)];
    }

    public int length() {
        return length;
    }

    /** Forgets what comes after the first {@code newLength} bytes. */
    public void truncate(int newLength) {
        if (newLength < 0 || newLength > length) {
            throw new IllegalArgumentException("cannot cut %d bytes to %d".formatted(length, newLength));
        }
        length = newLength;
    }

    /** The bytes so far, in an array that is the caller's; the buffer starts anew with {@code capacity}. */
    public Text take(int capacity) {
        var text = new Text(bytes, length);
        bytes = new byte[Math.max(capacity, 16)];
        length = 0;
        return text;
    }

    /** A copy of the bytes so far. */
    public byte[] toByteArray() {
        return Arrays.copyOf(bytes, length);
    }

    public TextBuffer append(byte[] source) {
        return append(source, 0, source.length);
    }

    public TextBuffer append(byte[] source, int from, int count) {
        room(count);
        System.arraycopy(source, from, bytes, length, count);
        length += count;
        return this;
    }

    public TextBuffer append(char ascii) {
        room(1);
        bytes[length++] = (byte) ascii;
        return this;
    }

    /** As UTF-8. */
    public TextBuffer append(String text) {
        return append(text.getBytes(StandardCharsets.UTF_8));
    }

    public TextBuffer append(long value) {
        room(LONG);
        if (value >= 0) {
            length = digits(value, bytes, length);
        } else if (value == Long.MIN_VALUE) {
            append("-9223372036854775808");
        } else {
            bytes[length++] = '-';
            length = digits(-value, bytes, length);
        }
        return this;
    }

    public TextBuffer appendUnsigned(long value) {
        if (value >= 0) {
            return append(value);
        }
        room(LONG);
        long tenth = Long.divideUnsigned(value, 10);
        length = digits(tenth, bytes, length);
        bytes[length++] = (byte) ('0' + (int) (value - tenth * 10));
        return this;
    }

    /** As Go's {@code strconv.FormatFloat(value, 'g', -1, 64)} has it. */
    public TextBuffer append(double value) {
        room(FloatText.MAX);
        length = FloatText.write(value, bytes, length);
        return this;
    }

    /** A string value with its quotes; quotes and backslashes in it escaped, everything else as it is. */
    public TextBuffer appendQuoted(byte[] value) {
        room(2 * value.length + 2);
        byte[] to = bytes;
        int at = length;
        to[at++] = '"';
        for (byte b : value) {
            if (b == '"' || b == '\\') {
                to[at++] = '\\';
            }
            to[at++] = b;
        }
        to[at++] = '"';
        length = at;
        return this;
    }

    private void room(int count) {
        if (count > bytes.length - length) {
            int wanted = Math.addExact(length, count);
            int doubled = bytes.length > Integer.MAX_VALUE / 2 - 16 ? Integer.MAX_VALUE - 16 : bytes.length * 2;
            bytes = Arrays.copyOf(bytes, Math.max(wanted, doubled));
        }
    }

    /** Decimal digits of a number that is not negative. */
    static int digits(long value, byte[] to, int at) {
        if (value < 10_000_000_000L) {
            return value <= Integer.MAX_VALUE
                    ? small((int) value, to, at)
                    : eight((int) (value % 100_000_000), to, small((int) (value / 100_000_000), to, at));
        }
        long high = value / 100_000_000;
        int low = (int) (value - high * 100_000_000);
        return eight(low, to, digits(high, to, at));
    }

    private static int small(int value, byte[] to, int at) {
        int size = value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : size(value);
        int end = at + size;
        int rest = value;
        int i = end;
        while (rest >= 100) {
            int next = rest / 100;
            int pair = (rest - next * 100) << 1;
            rest = next;
            to[--i] = PAIRS[pair + 1];
            to[--i] = PAIRS[pair];
        }
        if (rest >= 10) {
            to[--i] = PAIRS[(rest << 1) + 1];
            to[--i] = PAIRS[rest << 1];
        } else {
            to[--i] = (byte) ('0' + rest);
        }
        return end;
    }

    private static int size(int value) {
        return value < 10_000
                ? 4
                : value < 100_000
                        ? 5
                        : value < 1_000_000
                                ? 6
                                : value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : value < 1_000_000_000 ? 9 : 10;
    }

    /** Exactly eight digits. */
    private static int eight(int value, byte[] to, int at) {
        int high = value / 10_000;
        int low = value - high * 10_000;
        pair(high / 100, to, at);
        pair(high % 100, to, at + 2);
        pair(low / 100, to, at + 4);
        pair(low % 100, to, at + 6);
        return at + 8;
    }

    private static void pair(int value, byte[] to, int at) {
        to[at] = PAIRS[value << 1];
        to[at + 1] = PAIRS[(value << 1) + 1];
    }
}
