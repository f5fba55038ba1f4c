package dev.sluice.engine.tsm;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.GZIPOutputStream;

/**
 * Writes a tombstone file of version 4, as every influxd from 1.6 on does: the mark, then the records as one gzip
 * member.
 *
 * <p>Blocking. Owns the stream; the file is complete after {@link #close()}.
 */
public final class TombstoneWriter implements AutoCloseable {

    private static final int BUFFER = 1 << 13;

    private final DataOutputStream records;

    public TombstoneWriter(OutputStream out) throws IOException {
        new DataOutputStream(out).writeInt(TombstoneDecoder.V4);
        records = new DataOutputStream(new GZIPOutputStream(out, BUFFER));
    }

    /**
     * @param key series key, {@code #!~#}, field name
     * @param min first instant that is deleted, nanoseconds since 1970; {@link Long#MIN_VALUE} with
     *     {@link Long#MAX_VALUE} for the whole key
     * @param max last instant that is deleted
     */
    public void delete(byte[] key, long min, long max) throws IOException {
        if (key.length == 0 || key.length > TsmWriter.MAX_KEY) {
            throw new IllegalArgumentException(
                    "a key has 1 to %d bytes, not %d".formatted(TsmWriter.MAX_KEY, key.length));
        }
        records.writeInt(key.length);
        records.write(key);
        records.writeLong(min);
        records.writeLong(max);
    }

    @Override
    public void close() throws IOException {
        records.close();
    }
}
