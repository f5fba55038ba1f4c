package dev.sluice.engine.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** A segment of a write-ahead log under construction. Its entries are snappy blocks in which nothing is compressed. */
public final class WalSegment {

    private static final int LITERAL = 1 << 16;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /** A write that is being made. */
    public static final class Write {
        private final ByteArrayOutputStream plain = new ByteArrayOutputStream();

        private Write() {}

        /**
         * Values of one key; each has to be added.
         *
         * @param type 1 float, 2 integer, 3 boolean, 4 string, 5 unsigned
         */
        public Write key(int type, String key, int count) {
            plain.write(type);
            plain.writeBytes(
                    ByteBuffer.allocate(2).putShort((short) key.length()).array());
            plain.writeBytes(key.getBytes(ISO_8859_1));
            plain.writeBytes(ByteBuffer.allocate(4).putInt(count).array());
            return this;
        }

        /** Of a number. */
        public Write value(long time, long bits) {
            plain.writeBytes(ByteBuffer.allocate(16).putLong(time).putLong(bits).array());
            return this;
        }

        public Write value(long time, boolean value) {
            plain.writeBytes(ByteBuffer.allocate(9)
                    .putLong(time)
                    .put((byte) (value ? 1 : 0))
                    .array());
            return this;
        }

        public Write value(long time, String value) {
            plain.writeBytes(
                    ByteBuffer.allocate(12).putLong(time).putInt(value.length()).array());
            plain.writeBytes(value.getBytes(ISO_8859_1));
            return this;
        }
    }

    /** Adds an entry with values. */
    public WalSegment write(Consumer<Write> content) {
        var write = new Write();
        content.accept(write);
        return entry(1, write.plain.toByteArray());
    }

    /** Adds an entry that deletes all of a key. */
    public WalSegment delete(String key) {
        return entry(2, key.getBytes(ISO_8859_1));
    }

    /** Adds what is no entry. */
    public WalSegment damage() {
        bytes.writeBytes(new byte[] {9, 0, 0, 0, 0});
        return this;
    }

    /** Bytes so far. */
    public int size() {
        return bytes.size();
    }

    public byte[] toByteArray() {
        return bytes.toByteArray();
    }

    private WalSegment entry(int type, byte[] plain) {
        var packed = new ByteArrayOutputStream();
        int rest = plain.length;
        for (; rest >= 0x80; rest >>>= 7) {
            packed.write(rest & 0x7F | 0x80);
        }
        packed.write(rest);
        for (int at = 0; at < plain.length; at += LITERAL) {
            int count = Math.min(LITERAL, plain.length - at);
            packed.write(61 << 2); // a length of two bytes follows
            packed.write(count - 1);
            packed.write((count - 1) >>> 8);
            packed.write(plain, at, count);
        }
        bytes.write(type);
        bytes.writeBytes(ByteBuffer.allocate(4).putInt(packed.size()).array());
        bytes.writeBytes(packed.toByteArray());
        return this;
    }
}
