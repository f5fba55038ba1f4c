package dev.sluice.engine.stage.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Finds what repeats, fast rather than well: of each four bytes only the last place is known, and the first match is
 * taken. Where nothing matches it takes ever longer steps.
 *
 * <p>A block becomes sequences of some literal bytes and a match, and literals at its end.
 */
final class MatchFinder {

    static final int MIN_MATCH = 4;
    static final int MAX_MATCH = 258;
    static final int WINDOW = 32 * 1024;

    private static final int HASH_BITS = 15;
    private static final int NOWHERE = -WINDOW - 1;

    /** Steps grow by one byte with every 2^this bytes without a match. */
    private static final int PATIENCE = 5;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final int[] places = new int[1 << HASH_BITS];
    private final int[] literals;
    private final int[] matches;
    private int count;

    /** @param maxBlock most bytes of one block */
    MatchFinder(int maxBlock) {
        this.literals = new int[maxBlock / MIN_MATCH];
        this.matches = new int[maxBlock / MIN_MATCH];
    }

    /** Forgets what was seen. */
    void reset() {
        Arrays.fill(places, NOWHERE);
    }

    /** Sequences in the block that was looked at last. */
    int count() {
        return count;
    }

    /** How many literals a sequence begins with. */
    int literals(int sequence) {
        return literals[sequence];
    }

    /** Length of a sequence's match, {@value #MIN_MATCH} to {@value #MAX_MATCH}. */
    int length(int sequence) {
        return matches[sequence] >>> 16;
    }

    /** How far back a sequence's match lies, less one: 0 to {@value #WINDOW} - 1. */
    int distanceLessOne(int sequence) {
        return matches[sequence] & 0xffff;
    }

    /** Looks at a block of at most {@code maxBlock} bytes; the bytes before {@code from} are those of the blocks before. */
    void find(byte[] raw, int from, int to) {
        int[] places = this.places;
        int found = 0;
        int literalStart = from;
        int at = from;
        int last = to - MIN_MATCH;
        while (at <= last) {
            int four = (int) INT.get(raw, at);
            int slot = slot(four);
            int place = places[slot];
            places[slot] = at;
            if (at - place > WINDOW || (int) INT.get(raw, place) != four) {
                at += 1 + (at - literalStart >> PATIENCE);
                continue;
            }
            int start = at;
            int earliest = Math.max(literalStart, at - (MAX_MATCH - MIN_MATCH));
            while (start > earliest && place > 0 && raw[start - 1] == raw[place - 1]) {
                start--;
                place--;
            }
            int length = length(raw, place, start, at - start + MIN_MATCH, Math.min(MAX_MATCH, to - start));
            literals[found] = start - literalStart;
            matches[found++] = length << 16 | start - place - 1;
            literalStart = start + length;
            at = literalStart;
            if (at <= last) {
                places[slot((int) INT.get(raw, at - 2))] = at - 2;
            }
        }
        count = found;
    }

    private static int slot(int four) {
        return four * 0x9e3779b1 >>> (Integer.SIZE - HASH_BITS);
    }

    /** How far two places agree, of which the first {@code known} bytes are known to. */
    private static int length(byte[] raw, int one, int other, int known, int limit) {
        int length = known;
        while (length + Long.BYTES <= limit) {
            long difference = (long) LONG.get(raw, one + length) ^ (long) LONG.get(raw, other + length);
            if (difference != 0) {
                return length + (Long.numberOfTrailingZeros(difference) >>> 3);
            }
            length += Long.BYTES;
        }
        while (length < limit && raw[one + length] == raw[other + length]) {
            length++;
        }
        return length;
    }
}
