package dev.sluice.engine.stage.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Bits of one deflate block, least significant first, gathered in a long and stored eight bytes at a time. Whole
 * bytes are taken out after each block; the bits of a begun byte stay for the next.
 */
final class BitWriter {

    /** Most bits of one {@link #write}: with those of a begun byte they fit a long. */
    static final int MOST = 57;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] buffer;
    private int position;
    private long pending;
    private int pendingBits;

    /** @param capacity most bytes between two calls of {@link #drainTo} */
    BitWriter(int capacity) {
        this.buffer = new byte[capacity + 2 * Long.BYTES];
    }

    void reset() {
        position = 0;
        pending = 0;
        pendingBits = 0;
    }

    /** Bits that would be lost to begin a byte after {@code bits} more ones. */
    int paddingAfter(int bits) {
        return -(pendingBits + bits) & 7;
    }

    /**
     * @param value with no bit set above the lowest {@code bits}
     * @param bits 0 to {@link #MOST}
     */
    void write(long value, int bits) {
        long all = pending | value << pendingBits;
        int count = pendingBits + bits;
        LONG.set(buffer, position, all);
        position += count >>> 3;
        pending = count == Long.SIZE ? 0 : all >>> (count & ~7);
        pendingBits = count & 7;
    }

    /** Writes a code of {@code codes} for each byte. */
    void writeBytes(byte[] raw, int from, int to, int[] codes) {
        byte[] out = buffer;
        int at = position;
        long all = pending;
        int count = pendingBits;
        int i = from;
        // Three codes are 45 bits at most.
        for (int end = to - 2; i < end; i += 3) {
            int first = codes[raw[i] & 0xff];
            int second = codes[raw[i + 1] & 0xff];
            int third = codes[raw[i + 2] & 0xff];
            all |= (long) HuffmanCode.bits(first) << count;
            count += HuffmanCode.length(first);
            all |= (long) HuffmanCode.bits(second) << count;
            count += HuffmanCode.length(second);
            all |= (long) HuffmanCode.bits(third) << count;
            count += HuffmanCode.length(third);
            LONG.set(out, at, all);
            at += count >>> 3;
            all >>>= count & ~7;
            count &= 7;
        }
        position = at;
        pending = all;
        pendingBits = count;
        for (; i < to; i++) {
            int code = codes[raw[i] & 0xff];
            write(HuffmanCode.bits(code), HuffmanCode.length(code));
        }
    }

    /** Fills a begun byte with zeros. */
    void align() {
        write(0, paddingAfter(0));
    }

    /** Copies bytes to a byte's beginning. */
    void copy(byte[] raw, int from, int length) {
        System.arraycopy(raw, from, buffer, position, length);
        position += length;
    }

    /** Moves all whole bytes to {@code out}, or says false if they do not fit. */
    boolean drainTo(ByteBuffer out) {
        if (position > out.remaining()) {
            return false;
        }
        out.put(buffer, 0, position);
        position = 0;
        return true;
    }
}
