package dev.sluice.engine.stage.codec;

import java.util.Arrays;

/**
 * A Huffman code of limited length as deflate wants it (RFC 1951, 3.2.2): built from how often each symbol occurs,
 * told by the lengths of its codes alone. Used again for each block.
 */
final class HuffmanCode {

    private static final int SYMBOL_BITS = 9;
    private static final int SYMBOL_MASK = (1 << SYMBOL_BITS) - 1;
    private static final int DIGIT_BITS = 8;
    private static final int DIGIT_MASK = (1 << DIGIT_BITS) - 1;
    private static final int LENGTH_BITS = 4;
    private static final int LENGTH_MASK = (1 << LENGTH_BITS) - 1;

    /** How often each symbol occurs; the caller counts. The sum stays below 2^22. */
    final int[] frequencies;

    /** Length of each symbol's code, 0 for those that do not occur. */
    final int[] lengths;

    /** For each symbol its code, read with {@link #bits} and {@link #length}. */
    final int[] codes;

    private final int maxLength;
    private int[] sorted;
    private int[] other;
    private final int[] places = new int[1 << DIGIT_BITS];
    private final int[] weights;
    private final int[] lengthCounts;
    private final int[] nextCodes;

    /**
     * @param symbols 2 to 512
     * @param maxLength most bits of a code, 15 or less, enough for all symbols
     */
    HuffmanCode(int symbols, int maxLength) {
        this.frequencies = new int[symbols];
        this.lengths = new int[symbols];
        this.codes = new int[symbols];
        this.maxLength = maxLength;
        this.sorted = new int[symbols];
        this.other = new int[symbols];
        this.weights = new int[symbols];
        this.lengthCounts = new int[maxLength + 1];
        this.nextCodes = new int[maxLength + 1];
    }

    /** A code that is given by its lengths. */
    static HuffmanCode of(int[] lengths) {
        var code = new HuffmanCode(lengths.length, LENGTH_MASK);
        System.arraycopy(lengths, 0, code.lengths, 0, lengths.length);
        for (int length : lengths) {
            code.lengthCounts[length]++;
        }
        code.lengthCounts[0] = 0;
        code.assignCodes();
        return code;
    }

    /** The bits of a code, first one lowest. */
    static int bits(int code) {
        return code >>> LENGTH_BITS;
    }

    static int length(int code) {
        return code & LENGTH_MASK;
    }

    void clear() {
        Arrays.fill(frequencies, 0);
    }

    /** Makes the code for the counted frequencies. It has two symbols at least, so that it is complete. */
    void build() {
        Arrays.fill(lengths, 0);
        int used = sortSymbols();
        countLengths(used);
        limitLengths();
        int next = 0;
        for (int length = maxLength; length > 0; length--) {
            for (int i = lengthCounts[length]; i > 0; i--) {
                lengths[sorted[next++] & SYMBOL_MASK] = length;
            }
        }
        assignCodes();
    }

    /** Bits that {@code counted} symbols take in this code. */
    int cost(int[] counted) {
        int bits = 0;
        for (int i = 0; i < counted.length; i++) {
            bits += counted[i] * lengths[i];
        }
        return bits;
    }

    private int sortSymbols() {
        int used = 0;
        for (int i = 0; i < frequencies.length; i++) {
            if (frequencies[i] > 0) {
                sorted[used++] = frequencies[i] << SYMBOL_BITS | i;
            }
        }
        for (int i = 0; used < 2; i++) {
            if (frequencies[i] == 0) {
                sorted[used++] = 1 << SYMBOL_BITS | i;
            }
        }
        sortByFrequency(used);
        return used;
    }

    /** One digit after the other, lowest first: symbols are few and counts are small. */
    private void sortByFrequency(int used) {
        int left = 0;
        for (int i = 0; i < used; i++) {
            left |= sorted[i] >>> SYMBOL_BITS;
        }
        for (int shift = SYMBOL_BITS; left != 0; shift += DIGIT_BITS, left >>>= DIGIT_BITS) {
            Arrays.fill(places, 0);
            for (int i = 0; i < used; i++) {
                places[sorted[i] >>> shift & DIGIT_MASK]++;
            }
            int next = 0;
            for (int digit = 0; digit < places.length; digit++) {
                int count = places[digit];
                places[digit] = next;
                next += count;
            }
            for (int i = 0; i < used; i++) {
                other[places[sorted[i] >>> shift & DIGIT_MASK]++] = sorted[i];
            }
            int[] swap = sorted;
            sorted = other;
            other = swap;
        }
    }

    /**
     * How many codes of each length are best; longer ones than allowed are counted as of the greatest length. After
     * Moffat and Katajainen, "In-place calculation of minimum-redundancy codes" (1995): weights become parents,
     * parents depths.
     */
    private void countLengths(int used) {
        int[] a = weights;
        for (int i = 0; i < used; i++) {
            a[i] = sorted[i] >>> SYMBOL_BITS;
        }
        int root = 0;
        int leaf = 0;
        for (int next = 0; next < used - 1; next++) {
            int weight = 0;
            for (int child = 0; child < 2; child++) {
                if (leaf >= used || root < next && a[root] < a[leaf]) {
                    weight += a[root];
                    a[root++] = next;
                } else {
                    weight += a[leaf++];
                }
            }
            a[next] = weight;
        }
        a[used - 2] = 0;
        for (int next = used - 3; next >= 0; next--) {
            a[next] = a[a[next]] + 1;
        }
        Arrays.fill(lengthCounts, 0);
        int inner = used - 2;
        int nodes = 1;
        for (int depth = 0; nodes > 0; depth++) {
            int parents = 0;
            while (inner >= 0 && a[inner] == depth) {
                parents++;
                inner--;
            }
            lengthCounts[Math.min(depth, maxLength)] += nodes - parents;
            nodes = 2 * parents;
        }
    }

    /** Codes cut to the greatest length are too many; each step here frees the room of one, at the least cost. */
    private void limitLengths() {
        int excess = -(1 << maxLength);
        for (int length = 1; length <= maxLength; length++) {
            excess += lengthCounts[length] << (maxLength - length);
        }
        for (; excess > 0; excess--) {
            int length = maxLength - 1;
            while (lengthCounts[length] == 0) {
                length--;
            }
            lengthCounts[length]--;
            lengthCounts[length + 1] += 2;
            lengthCounts[maxLength]--;
        }
    }

    private void assignCodes() {
        int code = 0;
        int[] next = nextCodes;
        for (int length = 1; length <= maxLength; length++) {
            code = code + lengthCounts[length - 1] << 1;
            next[length] = code;
        }
        for (int i = 0; i < lengths.length; i++) {
            int length = lengths[i];
            codes[i] = length == 0
                    ? 0
                    : Integer.reverse(next[length]++) >>> (Integer.SIZE - length) << LENGTH_BITS | length;
        }
    }
}
