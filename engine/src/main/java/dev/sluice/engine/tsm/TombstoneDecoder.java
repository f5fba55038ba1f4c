package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Takes a tombstone file apart while its bytes come in, cut anywhere. Memory: the longest record, and what the
 * caller passes at a time.
 *
 * <p>As influxd reads it: what begins with none of the known marks is version 1; a length cut short at the end of a
 * version 2 file or a gzip member is no record, a record cut short anywhere else is damage.
 */
final class TombstoneDecoder implements AutoCloseable {

    static final int V2 = 0x1502;
    static final int V3 = 0x1503;
    static final int V4 = 0x1504;

    private static final int MARK = 4;
    private static final int GZIP_HEADER = 10;
    private static final int GZIP_TRAILER = 8;
    private static final int GZIP_MAGIC = 0x1F8B08;
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int LONGEST_GZIP_HEADER = 1 << 18;

    private final Tombstone.Visitor visitor;
    private final Held input = new Held();
    private final Held records = new Held();
    private final Inflater inflater = new Inflater(true);
    private final byte[] inflated = new byte[1 << 13];
    private final CRC32 crc = new CRC32();
    private State state = State.MARK;
    private int version = 1;
    private long member; // offset of the gzip member

    private enum State {
        MARK,
        LINES,
        RECORDS,
        GZIP_HEADER,
        DEFLATED,
        GZIP_TRAILER
    }

    TombstoneDecoder(Tombstone.Visitor visitor) {
        this.visitor = visitor;
    }

    void feed(byte[] bytes, int from, int count) throws IOException {
        input.add(bytes, from, count);
        while (step()) {
            // until more is needed
        }
    }

    /** The file ends here. */
    void end() throws IOException {
        switch (state) {
            case MARK, LINES -> {
                lines();
                line(input.length());
            }
            case RECORDS -> endOfRecords(input);
            case GZIP_HEADER -> {
                boolean nothing = input.length() == 0 && (version == V4 || input.passed() > MARK);
                if (!nothing) {
                    throw new TsmDamaged("tombstone ends in the header of a gzip member", input.passed());
                }
                endOfRecords(records);
            }
            case DEFLATED, GZIP_TRAILER ->
                throw new TsmDamaged("tombstone ends in the middle of a gzip member", input.passed());
        }
    }

    @Override
    public void close() {
        inflater.end();
    }

    private boolean step() throws IOException {
        return switch (state) {
            case MARK -> mark();
            case LINES -> lines();
            case RECORDS -> records(input);
            case GZIP_HEADER -> gzipHeader();
            case DEFLATED -> inflate();
            case GZIP_TRAILER -> gzipTrailer();
        };
    }

    private boolean mark() {
        if (input.length() < MARK) {
            return false;
        }
        int mark = input.u32(0);
        if (mark == V2 || mark == V3 || mark == V4) {
            version = mark;
            input.skip(MARK);
        }
        state = version == 1 ? State.LINES : version == V2 ? State.RECORDS : State.GZIP_HEADER;
        return true;
    }

    private boolean lines() throws IOException {
        int end;
        while ((end = input.indexOf((byte) '\n')) >= 0) {
            line(end);
            input.skip(1);
        }
        if (input.length() > TsmWriter.MAX_KEY) {
            throw new TsmDamaged("tombstone has a line longer than a key", input.passed());
        }
        return false;
    }

    private void line(int length) throws IOException {
        long at = input.passed();
        byte[] key = input.take(length);
        if (key.length == 0) {
            return;
        }
        if (Keys.separator(key) < 0) { // what is no key at all is a file of another kind, or a damaged mark
            throw new TsmDamaged("tombstone has neither a known mark nor keys, one a line", at);
        }
        visitor.deletion(key, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /** Always false: has passed on all records that are whole. */
    private boolean records(Held from) throws IOException {
        while (from.length() >= Integer.BYTES) {
            long length = from.u32(0) & 0xFFFFFFFFL;
            if (length > TsmWriter.MAX_KEY) {
                throw new TsmDamaged("tombstone has a key of %d bytes".formatted(length), offsetOf(from));
            }
            int size = (int) (Integer.BYTES + length + 2 * Long.BYTES);
            if (from.length() < size) {
                return false;
            }
            from.skip(Integer.BYTES);
            byte[] key = from.take((int) length);
            long min = from.u64(0);
            long max = from.u64(Long.BYTES);
            from.skip(2 * Long.BYTES);
            visitor.deletion(key, min, max);
        }
        return false;
    }

    private void endOfRecords(Held from) {
        if (from.length() >= Integer.BYTES) {
            throw new TsmDamaged("tombstone ends in the middle of a record", offsetOf(from));
        }
        from.skip(from.length());
    }

    private long offsetOf(Held from) {
        return from == input ? input.passed() : member;
    }

    private boolean gzipHeader() {
        int at = GZIP_HEADER;
        if (input.length() < at) {
            return false;
        }
        if (input.u32(0) >>> 8 != GZIP_MAGIC) {
            throw new TsmDamaged("tombstone has no gzip member where one should be", input.passed());
        }
        int flags = input.u8(3);
        if ((flags & EXTRA) != 0) {
            if (input.length() < at + 2) {
                return false;
            }
            at += 2 + (input.u8(at) | input.u8(at + 1) << 8);
        }
        for (int text = 0; text < Integer.bitCount(flags & (NAME | COMMENT)); text++) {
            while (at < input.length() && input.u8(at) != 0) {
                at++;
            }
            at++;
        }
        at += (flags & HEADER_CRC) == 0 ? 0 : 2;
        if (at > LONGEST_GZIP_HEADER) {
            throw new TsmDamaged("tombstone has a gzip member with an endless header", input.passed());
        }
        if (input.length() < at) {
            return false;
        }
        member = input.passed();
        input.skip(at);
        inflater.reset();
        crc.reset();
        state = State.DEFLATED;
        return true;
    }

    private boolean inflate() throws IOException {
        input.lendTo(inflater);
        try {
            int count;
            while ((count = inflater.inflate(inflated)) > 0) {
                crc.update(inflated, 0, count);
                records.add(inflated, 0, count);
                records(records);
            }
        } catch (DataFormatException e) {
            throw new TsmDamaged("tombstone has a broken gzip member", member);
        }
        if (inflater.needsDictionary()) {
            throw new TsmDamaged("tombstone has a broken gzip member", member);
        }
        input.skip(input.length() - inflater.getRemaining());
        if (!inflater.finished()) {
            return false;
        }
        state = State.GZIP_TRAILER;
        return true;
    }

    private boolean gzipTrailer() {
        if (input.length() < GZIP_TRAILER) {
            return false;
        }
        int announced = Integer.reverseBytes(input.u32(0));
        int size = Integer.reverseBytes(input.u32(Integer.BYTES));
        if (announced != (int) crc.getValue() || size != (int) inflater.getBytesWritten()) {
            throw new TsmDamaged("tombstone has a gzip member with a wrong checksum", member);
        }
        input.skip(GZIP_TRAILER);
        if (version == V4) {
            endOfRecords(records);
        }
        state = State.GZIP_HEADER;
        return true;
    }

    /** Bytes that have come in and were not used yet. */
    private static final class Held {

        private byte[] bytes = new byte[1 << 10];
        private int from;
        private int to;
        private long passed;

        int length() {
            return to - from;
        }

        /** Bytes that were used, from the start. */
        long passed() {
            return passed;
        }

        void add(byte[] source, int at, int count) {
            if (bytes.length - to < count) {
                int length = length();
                byte[] target = bytes.length - length >= count
                        ? bytes
                        : new byte[Math.max(Math.addExact(length, count), bytes.length * 2)];
                System.arraycopy(bytes, from, target, 0, length);
                bytes = target;
                from = 0;
                to = length;
            }
            System.arraycopy(source, at, bytes, to, count);
            to += count;
        }

        void skip(int count) {
            from += count;
            passed += count;
        }

        byte[] take(int count) {
            byte[] taken = Arrays.copyOfRange(bytes, from, from + count);
            skip(count);
            return taken;
        }

        void lendTo(Inflater inflater) {
            inflater.setInput(bytes, from, length());
        }

        int indexOf(byte wanted) {
            for (int i = from; i < to; i++) {
                if (bytes[i] == wanted) {
                    return i - from;
                }
            }
            return -1;
        }

        int u8(int at) {
            return bytes[from + at] & 0xFF;
        }

        int u32(int at) {
            return (int) Bytes.U32.get(bytes, from + at);
        }

        long u64(int at) {
            return (long) Bytes.U64.get(bytes, from + at);
        }
    }
}
