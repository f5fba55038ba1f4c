package dev.sluice.engine.tsm;

import org.jspecify.annotations.Nullable;

/**
 * Finds where a block ends and what stands in it, without keeping its values: every block delimits itself once its
 * timestamps are counted. What is found well-formed here decodes; only strings have to be uncompressed for that
 * ({@link StringCodec#check}). Allocates nothing.
 */
final class BlockScan {

    /** The bytes end before the block does. */
    static final int MORE = -1;

    /** This is no block; {@link #problem()} tells why. */
    static final int BAD = -2;

    /** Bytes that arrays must have after the end of what is scanned: words are read whole. */
    static final int SLACK = 16;

    static final int CRC = 4;

    private static final int FLOAT_HEAD = 0x10;

    /** Bytes by which timestamps are known: their length, their encoding, three bytes of the first. */
    private static final int HEAD = 5;

    private static final int NEXT_HEAD = CRC + 1 + HEAD;
    private static final int SHORT_TIMES = 0x7F; // their length has one byte
    private static final int LONG_VALUE = 12;
    private static final int MOST_GUESSED = 10_000;

    private int type;
    private int timesAt;
    private int timesLength;
    private int valuesAt;
    private int count;
    private long first;
    private long last;
    private int reached;
    private @Nullable String problem;

    private long lastBefore = Long.MIN_VALUE;
    private long restart;
    private final boolean[] marked = new boolean[256];

    /** Code of the type. */
    int type() {
        return type;
    }

    /** How many values there are. */
    int count() {
        return count;
    }

    /** The first timestamp. */
    long first() {
        return first;
    }

    /** The last timestamp. */
    long last() {
        return last;
    }

    /** Index of the first byte of the timestamps. */
    int timesAt() {
        return timesAt;
    }

    /** Index of the first byte of the values. */
    int valuesAt() {
        return valuesAt;
    }

    /** How far it had to look: for {@link #MORE} an index that the block reaches at least. */
    int reached() {
        return reached;
    }

    /** What is wrong, after {@link #BAD}. */
    String problem() {
        return problem == null ? "block is not well-formed" : problem;
    }

    /**
     * Looks at the block that starts with its checksum at {@code from}.
     *
     * @param to end of the bytes that are there, and {@value #SLACK} more of any content
     * @param most bytes that the block can have
     * @return where it ends, {@link #MORE} or {@link #BAD}; the checksum was not compared
     */
    int scan(byte[] b, int from, int to, long most) {
        int at = head(b, from, to, most);
        return at < 0 ? at : rest(b, from, to, most);
    }

    /** The same behind a successful {@link #head}, with its arguments. */
    int rest(byte[] b, int from, int to, long most) {
        int end = values(b, valuesAt, to);
        if (end >= 0) {
            reached = end;
            return end > from + most ? bad("block is longer than the file has room for", end) : end;
        }
        return end;
    }

    /** Type, timestamps and their number only; returns where the values start. */
    int head(byte[] b, int from, int to, long most) {
        problem = null;
        reached = from;
        int at = from + CRC;
        if (at + 2 > to) {
            return more(at + 2);
        }
        type = b[at++] & 0xFF;
        if (!BlockType.isCode(type)) {
            return bad("block has the unknown type " + type, at);
        }
        long length = 0;
        for (int shift = 0; ; shift += 7) {
            if (at >= to) {
                return more(at + 1);
            }
            int next = b[at++];
            length |= (next & 0x7FL) << shift;
            if (next >= 0) {
                break;
            }
            if (shift > 28) {
                return bad("timestamps have an absurd length", at);
            }
        }
        boolean fits = length >= 9 && at - from + length + 2 <= most && length <= Integer.MAX_VALUE - at - SLACK;
        if (!fits) { // no figures: searching a damaged stretch comes here for nearly every byte
            return bad("timestamps have a length that cannot be", at);
        }
        timesAt = at;
        timesLength = (int) length;
        valuesAt = at + timesLength;
        if (valuesAt > to) {
            return more(valuesAt);
        }
        return times(b) ? valuesAt : BAD;
    }

    /** Whether {@link #guess} is cheaper than {@link #rest}, and the block one that it is meant for. */
    boolean worthGuessing() {
        boolean longValues = type == BlockType.FLOAT.code() || type == BlockType.STRING.code();
        return longValues && timesLength <= SHORT_TIMES && count <= MOST_GUESSED;
    }

    /** Index that the block ends before, unless its values are unusually long. */
    int likelyEnd() {
        return valuesAt + count * LONG_VALUE + NEXT_HEAD;
    }

    /** The block that was found last is sound: what follows it will probably look like it. */
    void remember() {
        if (first < lastBefore) {
            restart = first;
        }
        lastBefore = last;
    }

    /**
     * Where the block ends if the next one follows at once, with timestamps of the same length, coded alike, that go on
     * where these end or begin where another key's began: found by looking for the head of these, without walking the
     * values. A guess: the checksum has to confirm it. Negative if there is nothing alike before {@link #likelyEnd()}.
     */
    int guess(byte[] b, int to) {
        int going = head(b, last + (count > 1 ? (last - first) / (count - 1) : 0));
        int again = head(b, restart);
        mark(going, again, true);
        boolean[] marked = this.marked;
        int end = -1;
        int most = Math.min(to, likelyEnd()) - HEAD;
        // One byte in every four is one of the last four of the head, wherever it stands.
        for (int at = valuesAt + CRC + HEAD; at < most && end < 0; at += HEAD - 1) {
            if (marked[b[at] & 0xFF]) {
                end = guessAround(b, at, going, again);
            }
        }
        mark(going, again, false);
        return end;
    }

    /** The encoding and the first three bytes of a timestamp. */
    private int head(byte[] b, long time) {
        return b[timesAt] << 24 | (int) (time >>> 40);
    }

    private void mark(int going, int again, boolean value) {
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            marked[going >>> shift & 0xFF] = value;
            marked[again >>> shift & 0xFF] = value;
        }
    }

    private int guessAround(byte[] b, int around, int going, int again) {
        for (int at = around - HEAD + 2; at <= around; at++) {
            int there = (int) Bytes.U32.get(b, at);
            boolean alike = (there == going || there == again) && b[at - 1] == timesLength;
            if (alike && BlockType.isCode(b[at - 2] & 0xFF)) {
                return at - 2 - CRC;
            }
        }
        return -1;
    }

    private boolean times(byte[] b) {
        int head = b[timesAt] & 0xFF;
        int at = timesAt + 1;
        boolean known = switch (head >>> 4) {
            case TimeCodec.RAW -> rawTimes(b, at);
            case TimeCodec.PACKED -> packedTimes(b, at, TimeCodec.scale(head));
            case TimeCodec.RUN -> runOfTimes(b, at, TimeCodec.scale(head));
            default -> {
                bad("timestamps have the unknown encoding " + (head >>> 4), at);
                yield false;
            }
        };
        reached = valuesAt;
        return known;
    }

    private boolean rawTimes(byte[] b, int from) {
        if (!words(from)) {
            return false;
        }
        long time = (long) Bytes.U64.get(b, from);
        first = time;
        for (int at = from + 8; at < valuesAt; at += 8) {
            long next = time + (long) Bytes.U64.get(b, at);
            if (next <= time) {
                return notAscending();
            }
            time = next;
        }
        last = time;
        return counted((valuesAt - from) / 8L);
    }

    private boolean packedTimes(byte[] b, int from, long scale) {
        if (!words(from)) {
            return false;
        }
        long time = (long) Bytes.U64.get(b, from);
        first = time;
        long n = 1;
        for (int at = from + 8; at < valuesAt; at += 8) {
            long word = (long) Bytes.U64.get(b, at);
            int selector = (int) (word >>> 60);
            int packed = Simple8b.count(selector);
            int bits = Simple8b.bits(selector);
            n += packed;
            if (bits == 0) {
                long next = time + packed * scale;
                if (next <= time) {
                    return notAscending();
                }
                time = next;
                continue;
            }
            long mask = (1L << bits) - 1;
            for (int i = 0; i < packed; i++) {
                long next = time + (word & mask) * scale;
                if (next <= time) {
                    return notAscending();
                }
                time = next;
                word >>>= bits;
            }
        }
        last = time;
        return counted(n);
    }

    private boolean runOfTimes(byte[] b, int from, long scale) {
        first = (long) Bytes.U64.get(b, from);
        int at = from + 8;
        long delta = 0;
        long n = 0;
        for (int number = 0; number < 2; number++) {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                if (at >= valuesAt || shift > 63) {
                    return badTimes("timestamps are cut short");
                }
                int next = b[at++];
                if (shift == 63 && next > 1) {
                    return badTimes("a number is longer than 64 bits");
                }
                value |= (next & 0x7FL) << shift;
                if (next >= 0) {
                    break;
                }
            }
            delta = n;
            n = value;
        }
        if (at != valuesAt) {
            return badTimes("%d bytes are left over after the timestamps".formatted(valuesAt - at));
        }
        if (!counted(n)) {
            return false;
        }
        delta *= scale;
        long steps = n - 1;
        long high = Math.multiplyHigh(steps, delta) + (delta < 0 ? steps : 0); // as unsigned numbers
        long span = steps * delta;
        boolean ascends = delta != 0 && high == 0 && Long.compareUnsigned(span, Long.MAX_VALUE - first) <= 0;
        if (steps > 0 && !ascends) {
            return notAscending();
        }
        last = first + span;
        return true;
    }

    private boolean words(int from) {
        return (valuesAt - from) % 8 == 0 || badTimes("timestamps do not end with a whole word");
    }

    private boolean counted(long n) {
        if (n < 1 || n > TsmBlock.MAX_VALUES) {
            return badTimes("block has %s timestamps".formatted(Long.toUnsignedString(n)));
        }
        count = (int) n;
        return true;
    }

    private boolean notAscending() {
        return badTimes("timestamps do not ascend");
    }

    private boolean badTimes(String what) {
        bad(what, valuesAt);
        return false;
    }

    private int values(byte[] b, int from, int to) {
        if (from >= to) {
            return more(from + 1);
        }
        return switch (type) {
            case 0 -> floats(b, from, to);
            case 2 -> booleans(b, from, to);
            case 3 -> strings(b, from, to);
            default -> integers(b, from, to);
        };
    }

    private int floats(byte[] b, int from, int to) {
        if (b[from] != FLOAT_HEAD) {
            return unknownEncoding("floats", b, from);
        }
        int start = from + 9;
        if (start > to) {
            return more(start);
        }
        int n = count;
        long now = (long) Bytes.U64.get(b, from + 1);
        if (now == FloatCodec.END) {
            return counts(0, start);
        }
        long limit = (to - start) * 8L;
        long bit = 0;
        int seen = 1;
        int width = 64;
        int trail = 0;
        while (true) {
            if (bit > limit) {
                return more(to + 1);
            }
            int shift = (int) bit & 7;
            long word = (long) Bytes.U64.get(b, start + (int) (bit >>> 3)) << shift;
            if (word >= 0) { // zeros: the same value again
                int same = Math.min(Long.numberOfLeadingZeros(word), 64 - shift);
                bit += same;
                seen += same;
                if (seen > n && bit <= limit) {
                    return counts(seen, start + (int) (bit >>> 3));
                }
                continue;
            }
            if (word << 1 < 0) {
                int lead = (int) (word >>> 57) & 31;
                width = (int) (word >>> 51) & 63;
                width = width == 0 ? 64 : width;
                trail = 64 - lead - width;
                if (trail < 0) {
                    return bit + 13 > limit
                            ? more(to + 1)
                            : bad("a float has %d bits".formatted(lead + width), start + (int) (bit >>> 3));
                }
                bit += 13;
            } else {
                bit += 2;
            }
            if (bit + width > limit) {
                return more(to + 1);
            }
            shift = (int) bit & 7;
            int at = start + (int) (bit >>> 3);
            long value = (long) Bytes.U64.get(b, at) << shift;
            if (width > 64 - shift) {
                value |= (b[at + 8] & 0xFF) >>> (8 - shift);
            }
            bit += width;
            now ^= (value >>> (64 - width)) << trail;
            if (now == FloatCodec.END) {
                break;
            }
            if (++seen > n) {
                return counts(seen, at);
            }
        }
        int end = start + (int) ((bit + 7) >>> 3);
        return seen == n ? end : counts(seen, end);
    }

    private int integers(byte[] b, int from, int to) {
        int encoding = (b[from] & 0xFF) >>> 4;
        int at = from + 9;
        switch (encoding) {
            case IntegerCodec.RAW -> {
                long end = from + 1 + 8L * count;
                return end > to ? more(end) : (int) end;
            }
            case IntegerCodec.PACKED -> {
                int held = 1;
                while (held < count) {
                    if (at + 8 > to) {
                        return more(at + 8L);
                    }
                    held += Simple8b.count((b[at] & 0xFF) >>> 4);
                    at += 8;
                }
                return held > count ? counts(held, at) : at > to ? more(at) : at;
            }
            case IntegerCodec.RUN -> {
                at = afterNumber(b, at, to);
                if (at < 0) {
                    return at;
                }
                int end = afterNumber(b, at, to);
                if (end >= 0 && number(b, at) != count - 1L) {
                    return counts(number(b, at) + 1, end);
                }
                return end;
            }
            default -> {
                return unknownEncoding("integers", b, from);
            }
        }
    }

    private int booleans(byte[] b, int from, int to) {
        if (b[from] != FLOAT_HEAD) {
            return unknownEncoding("booleans", b, from);
        }
        int at = afterNumber(b, from + 1, to);
        if (at < 0) {
            return at;
        }
        if (number(b, from + 1) != count) {
            return counts(number(b, from + 1), at);
        }
        int end = at + (count + 7) / 8;
        return end > to ? more(end) : end;
    }

    /** Where the snappy elements end; what they stand for has at least one byte for each string. */
    private int strings(byte[] b, int from, int to) {
        if (b[from] != FLOAT_HEAD) {
            return unknownEncoding("strings", b, from);
        }
        int at = afterNumber(b, from + 1, to);
        if (at < 0) {
            return at;
        }
        long length = number(b, from + 1);
        if (length < count || length > Snappy.MAX_PLAIN) {
            return bad("strings have a length of %s".formatted(Long.toUnsignedString(length)), at);
        }
        long plain = 0;
        while (plain < length) {
            if (at + 5 > to) { // the longest tag
                int tagLength = at < to ? Snappy.tagLength(b[at]) : 1;
                if (at + tagLength > to) {
                    return more(at + tagLength);
                }
            }
            int tag = b[at] & 0xFF;
            long bytes;
            if ((tag & 3) == 0) {
                bytes = Snappy.literalLength(b, at);
                at += Snappy.tagLength(b[at]);
                if (bytes > length - plain) {
                    return bad("strings are longer than announced", at);
                }
                if (bytes > to - at) {
                    return more(at + bytes);
                }
                at += (int) bytes;
            } else {
                bytes = Snappy.copyLength(tag);
                long back = Snappy.copyOffset(b, at);
                at += Snappy.tagLength(b[at]);
                if (back < 1 || back > plain) {
                    return bad("a copy reaches before the start of the strings", at);
                }
                if (bytes > length - plain) {
                    return bad("strings are longer than announced", at);
                }
            }
            plain += bytes;
        }
        return at;
    }

    /** Where the variable-length number ends. */
    private int afterNumber(byte[] b, int from, int to) {
        for (int at = from; at < from + 10; at++) {
            if (at >= to) {
                return more(at + 1L);
            }
            if (b[at] >= 0) {
                return at == from + 9 && b[at] > 1 ? bad("a number is longer than 64 bits", at) : at + 1;
            }
        }
        return bad("a number is longer than 64 bits", from + 10);
    }

    /** The number that starts there; its end was looked for before. */
    private static long number(byte[] b, int from) {
        long value = 0;
        int at = from;
        for (int shift = 0; ; shift += 7) {
            value |= (b[at] & 0x7FL) << shift;
            if (b[at++] >= 0) {
                return value;
            }
        }
    }

    private int counts(long values, int at) {
        return bad("%s values for %d timestamps".formatted(Long.toUnsignedString(values), count), at);
    }

    private int unknownEncoding(String what, byte[] b, int at) {
        return bad("%s have the unknown encoding %d".formatted(what, (b[at] & 0xFF) >>> 4), at);
    }

    private int more(long least) {
        reached = (int) Math.min(Integer.MAX_VALUE, least);
        return MORE;
    }

    private int bad(String what, int at) {
        problem = what;
        reached = Math.max(reached, at);
        return BAD;
    }
}
