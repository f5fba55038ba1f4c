package dev.sluice.engine.line;

import java.math.BigInteger;

/**
 * Floats as Go's {@code strconv} writes them with format {@code g} and precision -1, which is what
 * {@code influx_inspect export} uses: the shortest digits that read back to the same double, of those the nearest, with
 * an exponent below 1e-4 and from 1e6 on.
 *
 * <p>The digits are found with Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020);
 * {@code Double.toString} is not always shortest before Java 19 and never shows fewer than two digits.
 */
final class FloatText {

    /** Bytes that a float takes at most, {@code -2.2250738585072014e-308}, and what may be written behind its end. */
    static final int MAX = 40;

    private static final int K_MIN = -292;
    private static final int K_MAX = 324;
    private static final long HIDDEN = 1L << 52;

    /** {@code 0.000000}, the first byte lowest. */
    private static final long ZERO_POINT = 0x3030_3030_3030_2E30L;

    /** 10^k scaled to 128 bits, rounded up: high and low halves in turn, from {@link #K_MIN} on. */
    private static final long[] POWERS = powers();

    private FloatText() {}

    /** Appends at {@code at}; {@code to} has room for {@value #MAX} bytes there. Returns the end. */
    static int write(double value, byte[] to, int at) {
        long bits = Double.doubleToRawLongBits(value);
        int end = at;
        if ((bits & 0x7FF0_0000_0000_0000L) == 0x7FF0_0000_0000_0000L) {
            return special(bits, to, end);
        }
        if (bits < 0) {
            to[end++] = '-';
        }
        long magnitude = bits & Long.MAX_VALUE;
        if (magnitude == 0) {
            to[end++] = '0';
            return end;
        }
        int exponent = (int) (magnitude >>> 52);
        long fraction = magnitude & (HIDDEN - 1);
        int q = exponent == 0 ? -1074 : exponent - 1075;
        long c = exponent == 0 ? fraction : HIDDEN | fraction;
        if (q <= 0 && q > -53 && Long.numberOfTrailingZeros(c) >= -q) {
            long whole = c >>> -q;
            return whole < 1_000_000 ? TextBuffer.digits(whole, to, end) : layOut(whole, 0, to, end);
        }
        int after = thousandths(Double.longBitsToDouble(magnitude), to, end);
        if (after != end) {
            return after;
        }
        return shortest(c, q, fraction == 0 && exponent > 1, to, end);
    }

    /**
     * Writes a number below a million that has three decimals at most, which is what people round to; nothing for
     * others, and integers are none of these.
     *
     * <p>Where {@code n / 1000.0} is the number, {@code n} thousandths read back to it, as both are exact and a division
     * is rounded like a text that is read. They have ten digits at most, and two decimals of up to fifteen digits never
     * read back to the same double: so there is no shorter one.
     */
    private static int thousandths(double magnitude, byte[] to, int at) {
        if (magnitude >= 1e6) {
            return at;
        }
        long n = (long) (magnitude * 1000 + 0.5);
        if (n / 1000.0 != magnitude) {
            return at;
        }
        int whole = (int) (n / 1000);
        int rest = (int) (n - whole * 1000L);
        int end = TextBuffer.digits(whole, to, at);
        int tens = (rest * 6554) >>> 16;
        int hundreds = (tens * 6554) >>> 16;
        to[end] = '.';
        to[end + 1] = (byte) ('0' + hundreds);
        to[end + 2] = (byte) ('0' + tens - hundreds * 10);
        to[end + 3] = (byte) ('0' + rest - tens * 10);
        return end + (rest != tens * 10 ? 4 : tens != hundreds * 10 ? 3 : 2);
    }

    private static int shortest(long c, int q, boolean lowerIsCloser, byte[] to, int end) {
        long odd = c & 1;
        int k = (q * 1_262_611 - (lowerIsCloser ? 524_031 : 0)) >> 22;
        int h = q + ((-k * 1_741_647) >> 19) + 1;
        int index = (-k - K_MIN) << 1;
        long high = POWERS[index];
        long low = POWERS[index + 1];
        // The product of 4c and the power, 192 bits long; its ends are half a step away on either side.
        long factor = c << (h + 2);
        long bottom = low * factor;
        long carried = unsignedMultiplyHigh(low, factor);
        long middle = high * factor;
        long top = unsignedMultiplyHigh(high, factor);
        middle += carried;
        top += Long.compareUnsigned(middle, carried) < 0 ? 1 : 0;
        long vb = toOdd(top, middle);
        int up = h + 1;
        int down = lowerIsCloser ? h : up;
        long lower = minus(top, middle, bottom, high, low, down) + odd;
        long upper = plus(top, middle, bottom, high, low, up) - odd;
        long s = vb >>> 2;
        if (s >= 10) {
            long tens = s / 10;
            boolean under = lower <= 40 * tens;
            boolean over = 40 * tens + 40 <= upper;
            if (under != over) {
                return layOut(over ? tens + 1 : tens, k + 1, to, end);
            }
        }
        boolean under = lower <= 4 * s;
        boolean over = 4 * s + 4 <= upper;
        if (under != over) {
            return layOut(over ? s + 1 : s, k, to, end);
        }
        long half = 4 * s + 2;
        boolean next = vb > half || (vb == half && (s & 1) != 0);
        return layOut(next ? s + 1 : s, k, to, end);
    }

    /** A number of 192 bits and one of 128, that one shifted to the left, in sum; cut as {@link #toOdd} says. */
    private static long plus(long top, long middle, long bottom, long high, long low, int shift) {
        long lower = bottom + (low << shift);
        long carry = Long.compareUnsigned(lower, bottom) < 0 ? 1 : 0;
        long added = (high << shift) | (low >>> -shift);
        long sum = middle + added;
        long over = Long.compareUnsigned(sum, middle) < 0 ? 1 : 0;
        long with = sum + carry;
        over += Long.compareUnsigned(with, sum) < 0 ? 1 : 0;
        return toOdd(top + (high >>> -shift) + over, with);
    }

    /** Their difference, in the same way. */
    private static long minus(long top, long middle, long bottom, long high, long low, int shift) {
        long borrow = Long.compareUnsigned(bottom, low << shift) < 0 ? 1 : 0;
        long taken = (high << shift) | (low >>> -shift);
        long rest = middle - taken;
        long under = Long.compareUnsigned(middle, taken) < 0 ? 1 : 0;
        long with = rest - borrow;
        under += Long.compareUnsigned(rest, borrow) < 0 ? 1 : 0;
        return toOdd(top - (high >>> -shift) - under, with);
    }

    /** The upper 64 bits of a number, with the lowest one set if anything but what the power lacks is cut off. */
    private static long toOdd(long top, long middle) {
        return Long.compareUnsigned(middle, 1) > 0 ? top | 1 : top;
    }

    private static long unsignedMultiplyHigh(long a, long b) {
        return Math.multiplyHigh(a, b) + ((a >> 63) & b) + ((b >> 63) & a);
    }

    /** Writes {@code digits} times 10^{@code scale}; {@code digits} is positive and may end in zeros. */
    private static int layOut(long digits, int scale, byte[] to, int at) {
        long d = digits;
        int k = scale;
        if (d % 10 == 0) { // rarely
            while (d % 100_000_000 == 0) {
                d /= 100_000_000;
                k += 8;
            }
            while (d % 10 == 0) {
                d /= 10;
                k++;
            }
        }
        int count = TextBuffer.countDigits(d);
        int exponent = count - 1 + k;
        if (exponent < -4 || exponent >= 6) {
            return scientific(exponent, d, count, to, at);
        }
        if (exponent < 0) {
            TextBuffer.WORD.set(to, at, ZERO_POINT); // "0." and zeros
            return TextBuffer.digits(d, to, at - exponent + 1);
        }
        int whole = exponent + 1;
        if (count > whole) {
            return pointed(d, whole, to, at);
        }
        int end = TextBuffer.digits(d, to, at);
        while (end < at + whole) {
            to[end++] = '0';
        }
        return end;
    }

    /** Digits with a point behind the first {@code whole} of them, which are at most six. */
    private static int pointed(long digits, int whole, byte[] to, int at) {
        int end = TextBuffer.digits(digits, to, at + 1);
        // The digits before the point move up by one, the others stay.
        long word = (long) TextBuffer.WORD.get(to, at);
        int bits = whole << 3;
        long before = (1L << bits) - 1;
        long behind = -1L << (bits + 8);
        TextBuffer.WORD.set(to, at, ((word >>> 8) & before) | ((long) '.' << bits) | (word & behind));
        return end;
    }

    private static int scientific(int exponent, long digits, int count, byte[] to, int at) {
        int end = count > 1 ? pointed(digits, 1, to, at) : TextBuffer.digits(digits, to, at);
        to[end++] = 'e';
        to[end++] = (byte) (exponent < 0 ? '-' : '+');
        int size = Math.abs(exponent);
        if (size < 10) {
            to[end++] = '0';
        }
        return TextBuffer.digits(size, to, end);
    }

    private static int special(long bits, byte[] to, int at) {
        String text = (bits & (HIDDEN - 1)) != 0 ? "NaN" : bits < 0 ? "-Inf" : "+Inf";
        for (int i = 0; i < text.length(); i++) {
            to[at + i] = (byte) text.charAt(i);
        }
        return at + text.length();
    }

    private static long[] powers() {
        long[] table = new long[2 * (K_MAX - K_MIN + 1)];
        for (int k = K_MIN; k <= K_MAX; k++) {
            BigInteger power = BigInteger.TEN.pow(Math.abs(k));
            BigInteger scaled;
            if (k >= 0) {
                int shift = power.bitLength() - 128;
                scaled = shift <= 0 ? power.shiftLeft(-shift) : roundedUp(power, BigInteger.ONE.shiftLeft(shift));
            } else {
                scaled = roundedUp(BigInteger.ONE.shiftLeft(127 + power.bitLength()), power);
            }
            int index = (k - K_MIN) << 1;
            table[index] = scaled.shiftRight(64).longValue();
            table[index + 1] = scaled.longValue();
        }
        return table;
    }

    private static BigInteger roundedUp(BigInteger a, BigInteger b) {
        BigInteger[] parts = a.divideAndRemainder(b);
        return parts[1].signum() == 0 ? parts[0] : parts[0].add(BigInteger.ONE);
    }
}
