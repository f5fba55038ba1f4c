package dev.sluice.engine.tar;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/** Builds the headers of new entries as a server's own archives have them. */
public final class TarHeaders {

    private static final int BLOCK = TarDecoder.BLOCK;
    private static final int NAME = 100;
    private static final int PREFIX = 155;

    /** What eleven octal digits hold; more goes into a PAX record. */
    private static final long MAX_OCTAL_11 = (1L << 33) - 1;

    private static final int MODE_BITS = 07777;
    private static final char FILE = '0';
    private static final char PAX = 'x';

    private TarHeaders() {}

    /**
     * The header blocks of a file, in the form that Go's {@code archive/tar} chooses (observed on 1.6.7, 1.8.10
     * and 1.12.4): USTAR where path, size and time fit, otherwise PAX with a record for each that does not.
     * Owner and group are 0 and unnamed: readers ignore them.
     *
     * @param path {@code database/policy/id/file}, without a NUL
     * @param size in bytes
     * @param modified rounded to whole seconds
     * @param mode POSIX permission bits
     * @return a multiple of 512 bytes; the caller releases it
     */
    public static ByteBuf encode(ByteBufAllocator alloc, String path, long size, Instant modified, int mode) {
        return encode(alloc, path, size, modified, mode, "", "");
    }

    static ByteBuf encode(
            ByteBufAllocator alloc, String path, long size, Instant modified, int mode, String user, String group) {
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("not a path for an entry: '%s'".formatted(path));
        }
        if (size < 0) {
            throw new IllegalArgumentException("size must not be negative, was " + size);
        }
        long seconds = modified.plusNanos(500_000_000).getEpochSecond();
        boolean ascii = ascii(path).equals(path);
        int split = ascii ? splitPoint(path) : -1;

        var records = new TreeMap<String, String>();
        if (!ascii || path.length() > NAME) {
            records.put("path", path);
        }
        if (size > MAX_OCTAL_11) {
            records.put("size", Long.toString(size));
        }
        if (seconds < 0 || seconds > MAX_OCTAL_11) {
            records.put("mtime", Long.toString(seconds));
        }
        boolean ustar = records.isEmpty() || (split > 0 && records.size() == 1);

        byte[] main = block(mode & MODE_BITS, size, seconds, FILE);
        put(main, 265, 32, user);
        put(main, 297, 32, group);
        octal(main, 329, 8, 0);
        octal(main, 337, 8, 0);
        if (ustar && split > 0) {
            put(main, 0, NAME, path.substring(split + 1));
            put(main, 345, PREFIX, path.substring(0, split));
        } else {
            putName(main, ascii(path));
        }
        seal(main);
        if (ustar) {
            return alloc.buffer(BLOCK).writeBytes(main);
        }
        return paxHeader(alloc, path, records).writeBytes(main);
    }

    private static ByteBuf paxHeader(ByteBufAllocator alloc, String path, SortedMap<String, String> records) {
        var text = new StringBuilder();
        records.forEach((key, value) -> text.append(record(key, value)));
        byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
        byte[] header = block(0, body.length, 0, PAX);
        int slash = path.lastIndexOf('/');
        putName(header, ascii(path.substring(0, slash + 1) + "PaxHeaders.0/" + path.substring(slash + 1)));
        seal(header);
        int padding = -body.length & (BLOCK - 1);
        return alloc.buffer(BLOCK + body.length + padding + BLOCK)
                .writeBytes(header)
                .writeBytes(body)
                .writeZero(padding);
    }

    /** Where name and prefix part so that both fit, or -1; the rightmost slash that the prefix can hold. */
    private static int splitPoint(String path) {
        if (path.length() <= NAME) {
            return -1;
        }
        int slash = path.lastIndexOf('/', PREFIX);
        int name = path.length() - slash - 1;
        return slash > 0 && name > 0 && name <= NAME ? slash : -1;
    }

    /** The record's length counts its own digits. */
    private static String record(String key, String value) {
        int rest = (" " + key + "=" + value + "\n").getBytes(StandardCharsets.UTF_8).length;
        int length = rest + Integer.toString(rest).length();
        length = rest + Integer.toString(length).length();
        return length + " " + key + "=" + value + "\n";
    }

    private static byte[] block(int mode, long size, long seconds, char type) {
        byte[] block = new byte[BLOCK];
        octal(block, 100, 8, mode);
        octal(block, 108, 8, 0);
        octal(block, 116, 8, 0);
        octal(block, 124, 12, size);
        octal(block, 136, 12, seconds);
        block[156] = (byte) type;
        put(block, 257, 8, "ustar\00000");
        return block;
    }

    /** Zero stands in for what does not fit; a PAX record has the truth. */
    private static void octal(byte[] block, int offset, int width, long value) {
        boolean fits = value >= 0 && value < 1L << (3 * (width - 1));
        String digits = Long.toOctalString(fits ? value : 0);
        put(block, offset, width, "0".repeat(width - 1 - digits.length()) + digits + "\0");
    }

    /** Cut to fit, but never so that it looks like a directory. */
    private static void putName(byte[] block, String ascii) {
        String name = ascii.length() > NAME ? ascii.substring(0, NAME).replaceAll("/+$", "") : ascii;
        put(block, 0, NAME, name);
    }

    private static void put(byte[] block, int offset, int width, String ascii) {
        byte[] bytes = ascii.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, block, offset, Math.min(bytes.length, width));
    }

    /** Writes the checksum: six octal digits, NUL, space; counted as if its field were blank. */
    private static void seal(byte[] block) {
        Arrays.fill(block, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        octal(block, 148, 7, sum);
    }

    /** The path without what is not ASCII, for fields that can hold nothing else. */
    private static String ascii(String path) {
        return path.replaceAll("[^\\x00-\\x7f]", "");
    }
}
