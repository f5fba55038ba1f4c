package dev.sluice.engine.line;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/** Text under construction: bytes that grow while numbers and names are appended. One thread; reused by its owner. */
public final class TextBuffer {

    /** What a long takes at most, and what {@link #digits} may write behind its end. */
    private static final int LONG = 20 + 8;

    private static final int EIGHT = 100_000_000;

    private static final long ZEROS = 0x3030_3030_3030_3030L;

    private static final long[] TENS = new long[19];

    static {
        TENS[0] = 1;
        for (int i = 1; i < TENS.length; i++) {
            TENS[i] = 10 * TENS[i - 1];
        }
    }

    private static final byte[] NONE = new byte[0];

    /** Eight bytes at once, the first one lowest. */
    static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final TextPool pool;
    private byte[] bytes;
    private int length;

    /** A buffer that begins with room for so many bytes. */
    public TextBuffer(int capacity) {
        this(new TextPool(Math.max(capacity, 16), 1));
    }

    /** A buffer that takes memory from a pool when the first text comes. */
    public TextBuffer(TextPool pool) {
        this.pool = pool;
        this.bytes = NONE;
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

    /** The bytes so far; the buffer starts anew, without memory until there is text again. */
    public Text take() {
        var text = new Text(bytes, length, pool);
        bytes = NONE;
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

    /** Another character in the place of one that is there. */
    public void set(int index, char ascii) {
        bytes[Objects.checkIndex(index, length)] = (byte) ascii;
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
        length = signed(value, bytes, length);
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

    /** What stands before a float, and the float. */
    public TextBuffer append(byte[] start, double value) {
        room(start.length + FloatText.MAX);
        length = FloatText.write(value, bytes, put(start));
        return this;
    }

    /** The same for an integer, a signed one that is, with its letter. */
    public TextBuffer append(byte[] start, long value) {
        room(start.length + LONG + 1);
        int at = signed(value, bytes, put(start));
        bytes[at] = 'i';
        length = at + 1;
        return this;
    }

    /** Writes where there is room, and tells where that ends. */
    private int put(byte[] start) {
        System.arraycopy(start, 0, bytes, length, start.length);
        return length + start.length;
    }

    /** The ending of a line. */
    public TextBuffer append(LineEndings endings, int index) {
        room(LineEndings.WIDTH);
        length = endings.write(index, bytes, length);
        return this;
    }

    /**
     * Appends lines that begin alike, one for each float, until the text has {@code most} bytes or more.
     *
     * @param start of each line, up to the value
     * @param from index of the first value, and of its ending
     * @param to behind the last one
     * @return index of the first value that was not written
     */
    public int lines(byte[] start, double[] values, LineEndings endings, int from, int to, int most) {
        int width = start.length + FloatText.MAX + LineEndings.WIDTH;
        int i = from;
        for (; i < to && length < most; i++) {
            room(width);
            length = endings.write(i, bytes, FloatText.write(values[i], bytes, put(start)));
        }
        return i;
    }

    /** The same for integers, signed ones that is. */
    public int lines(byte[] start, long[] values, LineEndings endings, int from, int to, int most) {
        int width = start.length + LONG + 1 + LineEndings.WIDTH;
        int i = from;
        for (; i < to && length < most; i++) {
            room(width);
            int at = signed(values[i], bytes, put(start));
            bytes[at] = 'i';
            length = endings.write(i, bytes, at + 1);
        }
        return i;
    }

    private void room(int count) {
        if (count <= bytes.length - length) {
            return;
        }
        if (bytes == NONE) {
            bytes = pool.take();
        }
        if (count > bytes.length - length) {
            int wanted = Math.addExact(length, count);
            int doubled = bytes.length > Integer.MAX_VALUE / 2 - 16 ? Integer.MAX_VALUE - 16 : bytes.length * 2;
            bytes = Arrays.copyOf(bytes, Math.max(wanted, doubled));
        }
    }

    private static int signed(long value, byte[] to, int at) {
        if (value >= 0) {
            return digits(value, to, at);
        }
        to[at] = '-';
        if (value == Long.MIN_VALUE) {
            long tenth = -(value / 10);
            int end = digits(tenth, to, at + 1);
            to[end] = '8';
            return end + 1;
        }
        return digits(-value, to, at + 1);
    }

    /**
     * Decimal digits of a number that is not negative. Up to eight bytes behind them may be overwritten.
     *
     * @return where they end
     */
    static int digits(long value, byte[] to, int at) {
        if (value < EIGHT) {
            return leading((int) value, to, at);
        }
        long high = value / EIGHT;
        int low = (int) (value - high * EIGHT);
        int end;
        if (high < EIGHT) {
            end = leading((int) high, to, at);
        } else {
            long top = high / EIGHT;
            end = leading((int) top, to, at);
            WORD.set(to, end, eight((int) (high - top * EIGHT)) | ZEROS);
            end += 8;
        }
        WORD.set(to, end, eight(low) | ZEROS);
        return end + 8;
    }

    /** How many digits a positive number has. */
    static int countDigits(long value) {
        int low = ((Long.SIZE - Long.numberOfLeadingZeros(value)) * 1233) >>> 12; // of the power of two below it
        return low < TENS.length && value >= TENS[low] ? low + 1 : low;
    }

    /** Up to eight digits, without zeros before them. */
    private static int leading(int value, byte[] to, int at) {
        long digits = eight(value);
        int zeros = Long.numberOfTrailingZeros(digits | (1L << 56)) >>> 3;
        WORD.set(to, at, (digits | ZEROS) >>> (zeros << 3));
        return at + 8 - zeros;
    }

    /** Eight digits, a byte each, the first one lowest: halves, pairs and digits are parted side by side in one word. */
    private static long eight(int value) {
        long high = value / 10_000;
        long halves = high | ((value - high * 10_000) << 32);
        long hundreds = ((halves * 10_486) >>> 20) & 0x0000_007F_0000_007FL;
        long pairs = hundreds | ((halves - hundreds * 100) << 16);
        long tens = ((pairs * 103) >>> 10) & 0x000F_000F_000F_000FL;
        return tens | ((pairs - tens * 10) << 8);
    }
}
