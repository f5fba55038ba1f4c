package dev.sluice.engine.line;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Cuts a file of line protocol into records at the places where the server would: a newline inside a quoted string or
 * after a backslash belongs to the record. Comments end at the first newline whatever quotes they have.
 *
 * <p>Bytes come in any pieces with {@link #feed}; {@link #next} goes to the next record, whose bytes lie in
 * {@link #array()} until the next call of either. Line ends are not part of a record, a carriage return before one
 * neither. Memory: one record of at most the limit, and what was fed. One thread.
 */
public final class RecordSplitter {

    /** What a record is. */
    public enum Kind {
        /** A point, as far as one can tell without parsing it; or a whole line where lines are plain. */
        RECORD,
        /** First byte after white space is {@code #}. */
        COMMENT,
        BLANK,
        /** Never ends: its quotes do not close within the limit. Only its first line is given. */
        UNCLOSED,
        /** One line longer than the limit. Only its beginning is given; the rest was skipped. */
        TOO_LONG
    }

    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long NEWLINES = '\n' * ONES;
    private static final long QUOTES = '"' * ONES;
    private static final long BACKSLASHES = '\\' * ONES;

    /** Behind a record that is as long as it may be, for the piece that shows it. */
    private static final int ROOM = 1 << 20;

    private static final int MOST = Integer.MAX_VALUE - 16;

    private final int limit;
    private byte[] bytes = new byte[1 << 16];
    private int start; // of the record that was given last, or is looked for
    private int after; // first byte behind the record that was given last
    private int filled;
    private long base; // offset in the file of bytes[0]
    private long line; // of bytes[start], counted from 1
    private boolean ended;
    private boolean plain;
    private boolean skipping;

    private Kind kind = Kind.BLANK;
    private int length;
    private int keyLength;
    private int newlines;
    private int keyBefore = -1; // where the record before begins, if it is in the array still
    private int keyBeforeLength;
    private boolean sameKey;

    // Where the scan of an unfinished record stands.
    private int at;
    private boolean quoted;
    private boolean fields;
    private int balance; // equals signs minus commas
    private boolean comment;
    private boolean begun;

    /** @param limit bytes that a record may have */
    public RecordSplitter(int limit) {
        this(limit, 0, 1);
    }

    /**
     * Begins in the middle of a file.
     *
     * @param offset of the first byte that will be fed, which begins a record
     * @param line its number, from 1
     */
    public RecordSplitter(int limit, long offset, long line) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be positive, was " + limit);
        }
        this.limit = limit;
        this.base = offset;
        this.line = line;
    }

    /** Whether every line is a record, whatever quotes it has. For statements. Counts from the next record on. */
    public void plain(boolean value) {
        plain = value;
    }

    /** Counts bytes at the beginning that are not fed. */
    public void leftOut(int count) {
        base += count;
    }

    /** Appends bytes of the file; copied, not released. Ask {@link #next} until it says false before. */
    public void feed(ByteBuf data) {
        int count = data.readableBytes();
        compact();
        if (count > bytes.length - filled) {
            bytes = Arrays.copyOf(bytes, Math.max(filled + count, grown()));
        }
        data.getBytes(data.readerIndex(), bytes, filled, count);
        filled += count;
    }

    /** The old array and the new one are in memory together: the last step is not to more than can be needed. */
    private int grown() {
        long doubled = 2L * bytes.length;
        return (int) Math.min(doubled > limit / 2 ? Math.max(bytes.length, limit + (long) ROOM) : doubled, MOST);
    }

    /** No more bytes will come: what is there is the last record, with a newline or not. */
    public void end() {
        ended = true;
    }

    /** Goes to the next record; false if more bytes are needed, or none will come. */
    public boolean next() {
        line += newlines;
        newlines = 0;
        start = after;
        restart();
        return scan();
    }

    /** Gives the record that was given last once more, by the rule that is set now. */
    public void again() {
        after = start;
        newlines = 0;
    }

    public Kind kind() {
        return kind;
    }

    /** Holds the record at {@link #offsetInArray()}. */
    public byte[] array() {
        return bytes;
    }

    public int offsetInArray() {
        return start;
    }

    public int length() {
        return length;
    }

    /** How many of the record's first bytes are its series key; all of them if it has no fields. */
    public int keyLength() {
        return Math.min(keyLength, length);
    }

    /** Whether the series key is, byte for byte, that of the record before. False says nothing. */
    public boolean sameKey() {
        return sameKey;
    }

    /** Number of the record's first line, from 1. */
    public long line() {
        return line;
    }

    /** Number of the line behind the record, from 1. */
    public long nextLine() {
        return line + newlines;
    }

    /** Offset in the file of the record's first byte. */
    public long offset() {
        return base + start;
    }

    /** Offset in the file of the byte behind the record and its line end. */
    public long endOffset() {
        return base + after;
    }

    private void compact() {
        if (start > 0 && after == start) {
            move(start);
        } else if (after > start) {
            line += newlines;
            newlines = 0;
            move(after);
            restart();
        }
    }

    private void move(int count) {
        keyBefore = -1;
        System.arraycopy(bytes, count, bytes, 0, filled - count);
        base += count;
        filled -= count;
        at = Math.max(0, at - count);
        start = 0;
        after = 0;
    }

    private void restart() {
        if (at < start || !begun) {
            at = start;
            quoted = false;
            fields = false;
            balance = 0;
            comment = false;
            keyLength = Integer.MAX_VALUE;
        }
        begun = true;
    }

    private boolean scan() {
        if (skipping && !skip()) {
            return false;
        }
        sameKey = false;
        if (!plain && at == start && simple()) {
            return true;
        }
        int end = plain ? plainEnd() : recordEnd();
        if (end < 0) {
            if (filled - start > limit) {
                return overflow();
            }
            if (!ended || start == filled) {
                return false;
            }
            if (quoted && firstNewline() >= 0) {
                return unclosed();
            }
            return give(filled, filled);
        }
        return end - start > limit ? overflow() : give(end, end + 1);
    }

    /**
     * Gives a record that has no quotes or backslashes after its key, which is what nearly all are, by looking at eight
     * bytes at a time. False if it is another, or not all there; the long way then begins at its start.
     */
    private boolean simple() {
        byte[] b = bytes;
        int from = start;
        int key = keyBefore < 0 ? 0 : keyBeforeLength;
        // A blank ends each key, and what comes before it reads the same in both places.
        boolean same = key > 0
                && filled - from > key
                && Arrays.equals(b, from, from + key + 1, b, keyBefore, keyBefore + key + 1);
        if (!same) {
            key = simpleKey(from);
            if (key <= 0) {
                return false;
            }
        }
        int end = simpleEnd(from + key);
        if (end < 0 || end - from > limit) {
            return false;
        }
        sameKey = same;
        keyBefore = from;
        keyBeforeLength = key;
        keyLength = key;
        length = (b[end - 1] == '\r' ? end - 1 : end) - from;
        kind = Kind.RECORD;
        newlines = 1;
        after = end + 1;
        begun = false;
        return true;
    }

    /** How long the key at {@code from} is, up to the blank behind it; not positive if it is none, or not plain. */
    private int simpleKey(int from) {
        byte[] b = bytes;
        int end = filled;
        if (from == end || b[from] == '#' || b[from] == '\t' || b[from] == 0) {
            return -1;
        }
        int i = from;
        while (i < end && b[i] != ' ' && b[i] != '\\' && b[i] != '\n') {
            i++;
        }
        return i < end && b[i] == ' ' ? i - from : -1;
    }

    /** The next newline, if there is no quote or backslash before it; else -1. */
    private int simpleEnd(int from) {
        byte[] b = bytes;
        int end = filled;
        int i = from;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            long word = (long) TextBuffer.WORD.get(b, i);
            // The lowest bit that is set is right; those above it may not be.
            long found = zeros(word ^ NEWLINES) | zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES);
            if (found != 0) {
                i += Long.numberOfTrailingZeros(found) >>> 3;
                return b[i] == '\n' ? i : -1;
            }
        }
        while (i < end && b[i] != '\n' && b[i] != '"' && b[i] != '\\') {
            i++;
        }
        return i < end && b[i] == '\n' ? i : -1;
    }

    /** The upper bit of each byte that is zero. */
    private static long zeros(long word) {
        return (word - ONES) & ~word & (ONES << 7);
    }

    private boolean give(int end, int next) {
        keyBefore = -1;
        int last = end;
        if (last > start && bytes[last - 1] == '\r') {
            last--;
        }
        length = last - start;
        int first = start;
        while (first < last && (bytes[first] == ' ' || bytes[first] == '\t' || bytes[first] == 0)) {
            first++;
        }
        kind = first == last ? Kind.BLANK : bytes[first] == '#' ? Kind.COMMENT : Kind.RECORD;
        done(next);
        return true;
    }

    private void done(int next) {
        for (int i = start; i < next; i++) {
            if (bytes[i] == '\n') {
                newlines++;
            }
        }
        after = next;
        begun = false;
    }

    /** The end of a line. */
    private int plainEnd() {
        for (int i = at; i < filled; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        at = filled;
        return -1;
    }

    /** The end of a record by the rule of the server's own scanner. */
    private int recordEnd() {
        byte[] b = bytes;
        int i = at;
        int end = filled;
        if (i == start) {
            int first = i;
            while (first < end && (b[first] == ' ' || b[first] == '\t' || b[first] == 0)) {
                first++;
            }
            if (first == end && !ended) {
                return -1;
            }
            comment = first < end && b[first] == '#';
        }
        if (comment) {
            return plainEnd();
        }
        while (i < end) {
            byte c = b[i];
            if (c == '\\') {
                if (i + 2 >= end) {
                    if (!ended) {
                        break; // what follows decides
                    }
                    i++;
                    continue;
                }
                i += 2;
                continue;
            }
            if (c == '\n') {
                if (!quoted) {
                    at = i;
                    return i;
                }
            } else if (c == ' ') {
                if (!fields) {
                    fields = true;
                    keyLength = i - start;
                }
            } else if (fields) {
                if (c == '"') {
                    if (balance > 0) {
                        quoted = !quoted;
                    }
                } else if (!quoted) {
                    if (c == '=') {
                        balance++;
                    } else if (c == ',') {
                        balance--;
                    }
                }
            }
            i++;
        }
        at = i;
        return -1;
    }

    private int firstNewline() {
        for (int i = start; i < filled; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    private boolean overflow() {
        int newline = firstNewline();
        if (newline >= 0 && newline - start <= limit) {
            return unclosed();
        }
        kind = Kind.TOO_LONG;
        length = limit;
        skipping = true;
        done(start + limit);
        return true;
    }

    private boolean unclosed() {
        int newline = firstNewline();
        kind = Kind.UNCLOSED;
        length = newline - start;
        done(newline + 1);
        at = after;
        return true;
    }

    /** Drops the rest of a line that was too long; true when its end was found. */
    private boolean skip() {
        for (int i = start; i < filled; i++) {
            if (bytes[i] == '\n') {
                skipping = false;
                line++;
                start = i + 1;
                after = start;
                begun = false;
                restart();
                return true;
            }
        }
        start = filled;
        after = filled;
        return false;
    }
}
