package dev.sluice.engine.stage.codec;

import java.util.Arrays;

/**
 * Writes deflate blocks (RFC 1951, 3.2) in the smallest of the three forms: stored, with the fixed codes, or with
 * codes made for the block.
 */
final class BlockWriter {

    /** Most bytes of one block, because of stored ones. */
    static final int MAX_BLOCK = 65_535;

    private static final int STORED = 0;
    private static final int FIXED = 1;
    private static final int DYNAMIC = 2;
    private static final int HEADER_BITS = 3;

    private static final int END_OF_BLOCK = 256;
    private static final int LITERAL_SYMBOLS = 286;
    private static final int DISTANCE_SYMBOLS = 30;

    /** Of the fixed literal code, which has two symbols that never occur. */
    private static final int FIXED_SYMBOLS = 288;

    private static final int REPEAT_LAST = 16;
    private static final int REPEAT_ZERO = 17;
    private static final int REPEAT_ZERO_LONG = 18;
    private static final int[] REPEAT_BITS = {2, 3, 7};
    private static final int[] LENGTHS_ORDER = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

    private static final int FIRST_LENGTH_SYMBOL = 257;

    /** First length of each symbol from 257 on. */
    private static final int[] LENGTH_BASE = {
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258
    };

    /** The symbol of each length, from 257 on; lengths of 0 to 2 have none. */
    private static final byte[] LENGTH_SYMBOL = lengthSymbols();

    private static final HuffmanCode FIXED_LITERALS = fixedLiterals();
    private static final HuffmanCode FIXED_DISTANCES = fixedDistances();

    private final BitWriter out;
    private final HuffmanCode literals = new HuffmanCode(LITERAL_SYMBOLS, 15);
    private final HuffmanCode distances = new HuffmanCode(DISTANCE_SYMBOLS, 15);
    private final HuffmanCode lengths = new HuffmanCode(LENGTHS_ORDER.length, 7);

    /** Lengths of both codes as run lengths: a symbol, and above its 5 bits what follows it. */
    private final int[] runs = new int[LITERAL_SYMBOLS + DISTANCE_SYMBOLS];

    private final int[] allLengths = new int[LITERAL_SYMBOLS + DISTANCE_SYMBOLS];
    private final int[] oddFrequencies = new int[256];

    BlockWriter(BitWriter out) {
        this.out = out;
    }

    /** Writes the bytes between {@code from} and {@code to}, in which {@code found} has just looked for matches. */
    void write(byte[] raw, int from, int to, MatchFinder found, boolean last) {
        int extraBits = count(raw, from, to, found);
        literals.build();
        distances.build();
        int literalCodes = used(literals.lengths, FIRST_LENGTH_SYMBOL);
        int distanceCodes = used(distances.lengths, 1);
        int runCount = encodeLengths(literalCodes, distanceCodes);
        lengths.build();
        int lengthCodes = lengthCodes();

        int storedBits = out.paddingAfter(HEADER_BITS) + Integer.SIZE + Byte.SIZE * (to - from);
        int fixedBits =
                FIXED_LITERALS.cost(literals.frequencies) + FIXED_DISTANCES.cost(distances.frequencies) + extraBits;
        int dynamicBits = 14
                + 3 * lengthCodes
                + lengths.cost(lengths.frequencies)
                + repeatBits()
                + literals.cost(literals.frequencies)
                + distances.cost(distances.frequencies)
                + extraBits;
        int flag = last ? 1 : 0;
        if (storedBits <= Math.min(fixedBits, dynamicBits)) {
            out.write(flag | STORED << 1, HEADER_BITS);
            out.align();
            out.write((to - from) | (long) (~(to - from) & 0xffff) << Short.SIZE, Integer.SIZE);
            out.copy(raw, from, to - from);
        } else if (fixedBits <= dynamicBits) {
            out.write(flag | FIXED << 1, HEADER_BITS);
            writeSequences(raw, from, to, found, FIXED_LITERALS.codes, FIXED_DISTANCES.codes);
        } else {
            out.write(flag | DYNAMIC << 1, HEADER_BITS);
            out.write(
                    literalCodes - FIRST_LENGTH_SYMBOL | (distanceCodes - 1) << 5 | (long) (lengthCodes - 4) << 10, 14);
            writeLengths(lengthCodes, runCount);
            writeSequences(raw, from, to, found, literals.codes, distances.codes);
        }
    }

    /** Counts the symbols, and gives the bits that lengths and distances have besides their symbols. */
    private int count(byte[] raw, int from, int to, MatchFinder found) {
        literals.clear();
        distances.clear();
        int[] counts = literals.frequencies;
        int extraBits = 0;
        int at = from;
        int sequences = found.count();
        for (int i = 0; i < sequences; i++) {
            int match = at + found.literals(i);
            countBytes(raw, at, match);
            int length = found.length(i);
            int lengthSymbol = LENGTH_SYMBOL[length];
            counts[FIRST_LENGTH_SYMBOL + lengthSymbol]++;
            int distanceSymbol = distanceSymbol(found.distanceLessOne(i));
            distances.frequencies[distanceSymbol]++;
            extraBits += lengthExtraBits(lengthSymbol) + distanceExtraBits(distanceSymbol);
            at = match + length;
        }
        countBytes(raw, at, to);
        for (int i = 0; i < oddFrequencies.length; i++) {
            counts[i] += oddFrequencies[i];
        }
        Arrays.fill(oddFrequencies, 0);
        counts[END_OF_BLOCK] = 1;
        return extraBits;
    }

    /** Neighbours are counted apart: a count that has just been stored is slow to load. */
    private void countBytes(byte[] raw, int from, int to) {
        int[] even = literals.frequencies;
        int[] odd = oddFrequencies;
        int i = from;
        for (int end = to - 1; i < end; i += 2) {
            even[raw[i] & 0xff]++;
            odd[raw[i + 1] & 0xff]++;
        }
        if (i < to) {
            even[raw[i] & 0xff]++;
        }
    }

    private void writeSequences(
            byte[] raw, int from, int to, MatchFinder found, int[] literalCodes, int[] distanceCodes) {
        int at = from;
        int sequences = found.count();
        for (int i = 0; i < sequences; i++) {
            int match = at + found.literals(i);
            out.writeBytes(raw, at, match, literalCodes);
            int length = found.length(i);
            int distance = found.distanceLessOne(i);
            writeMatch(length, distance, literalCodes, distanceCodes);
            at = match + length;
        }
        out.writeBytes(raw, at, to, literalCodes);
        int end = literalCodes[END_OF_BLOCK];
        out.write(HuffmanCode.bits(end), HuffmanCode.length(end));
    }

    /** 15 + 5 + 15 + 13 bits at most. */
    private void writeMatch(int length, int distance, int[] literalCodes, int[] distanceCodes) {
        int lengthSymbol = LENGTH_SYMBOL[length];
        int code = literalCodes[FIRST_LENGTH_SYMBOL + lengthSymbol];
        long bits = HuffmanCode.bits(code);
        int count = HuffmanCode.length(code);
        bits |= (long) (length - LENGTH_BASE[lengthSymbol]) << count;
        count += lengthExtraBits(lengthSymbol);
        int distanceSymbol = distanceSymbol(distance);
        code = distanceCodes[distanceSymbol];
        bits |= (long) HuffmanCode.bits(code) << count;
        count += HuffmanCode.length(code);
        int extraBits = distanceExtraBits(distanceSymbol);
        bits |= (long) (distance & (1 << extraBits) - 1) << count;
        out.write(bits, count + extraBits);
    }

    /** Turns the lengths of both codes into {@link #runs}, counts their symbols, and gives their number. */
    private int encodeLengths(int literalCodes, int distanceCodes) {
        System.arraycopy(literals.lengths, 0, allLengths, 0, literalCodes);
        System.arraycopy(distances.lengths, 0, allLengths, literalCodes, distanceCodes);
        lengths.clear();
        int total = literalCodes + distanceCodes;
        int count = 0;
        int at = 0;
        while (at < total) {
            int length = allLengths[at];
            int run = 1;
            while (at + run < total && allLengths[at + run] == length) {
                run++;
            }
            at += run;
            if (length != 0) {
                runs[count++] = run(length, 0);
                run--;
            }
            while (run >= 3) {
                int most = length != 0 ? 6 : run <= 10 ? 10 : 138;
                int part = Math.min(run, most);
                int symbol = length != 0 ? REPEAT_LAST : part <= 10 ? REPEAT_ZERO : REPEAT_ZERO_LONG;
                runs[count++] = run(symbol, part - (symbol == REPEAT_ZERO_LONG ? 11 : 3));
                run -= part;
            }
            for (; run > 0; run--) {
                runs[count++] = run(length, 0);
            }
        }
        return count;
    }

    private int run(int symbol, int extra) {
        lengths.frequencies[symbol]++;
        return extra << 5 | symbol;
    }

    private void writeLengths(int lengthCodes, int runCount) {
        for (int i = 0; i < lengthCodes; i++) {
            out.write(lengths.lengths[LENGTHS_ORDER[i]], 3);
        }
        for (int i = 0; i < runCount; i++) {
            int symbol = runs[i] & 31;
            int code = lengths.codes[symbol];
            out.write(HuffmanCode.bits(code), HuffmanCode.length(code));
            if (symbol >= REPEAT_LAST) {
                out.write(runs[i] >>> 5, REPEAT_BITS[symbol - REPEAT_LAST]);
            }
        }
    }

    private int repeatBits() {
        int bits = 0;
        for (int i = 0; i < REPEAT_BITS.length; i++) {
            bits += REPEAT_BITS[i] * lengths.frequencies[REPEAT_LAST + i];
        }
        return bits;
    }

    private int lengthCodes() {
        int count = LENGTHS_ORDER.length;
        while (count > 4 && lengths.lengths[LENGTHS_ORDER[count - 1]] == 0) {
            count--;
        }
        return count;
    }

    private static int used(int[] lengths, int least) {
        int count = lengths.length;
        while (count > least && lengths[count - 1] == 0) {
            count--;
        }
        return count;
    }

    /** Two symbols for each power of two, of which the distance less one has the highest two bits. */
    private static int distanceSymbol(int distanceLessOne) {
        if (distanceLessOne < 2) {
            return distanceLessOne;
        }
        int top = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(distanceLessOne);
        return 2 * top + (distanceLessOne >>> (top - 1) & 1);
    }

    private static int distanceExtraBits(int symbol) {
        return symbol < 2 ? 0 : (symbol >> 1) - 1;
    }

    private static int lengthExtraBits(int symbol) {
        return symbol < 8 || symbol == 28 ? 0 : (symbol >> 2) - 1;
    }

    private static byte[] lengthSymbols() {
        byte[] symbols = new byte[MatchFinder.MAX_MATCH + 1];
        for (int i = 0; i < LENGTH_BASE.length; i++) {
            Arrays.fill(symbols, LENGTH_BASE[i], symbols.length, (byte) i);
        }
        return symbols;
    }

    private static HuffmanCode fixedLiterals() {
        int[] lengths = new int[FIXED_SYMBOLS];
        Arrays.fill(lengths, 0, 144, 8);
        Arrays.fill(lengths, 144, 256, 9);
        Arrays.fill(lengths, 256, 280, 7);
        Arrays.fill(lengths, 280, FIXED_SYMBOLS, 8);
        return HuffmanCode.of(lengths);
    }

    private static HuffmanCode fixedDistances() {
        int[] lengths = new int[DISTANCE_SYMBOLS];
        Arrays.fill(lengths, 5);
        return HuffmanCode.of(lengths);
    }
}
