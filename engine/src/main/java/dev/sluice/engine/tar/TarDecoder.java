package dev.sluice.engine.tar;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.ShardPart;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.zip.ZipEncoding;
import org.apache.commons.compress.archivers.zip.ZipEncodingHelper;
import org.jspecify.annotations.Nullable;

/**
 * Reads one archive, part by part. Holds plain arrays only, so that it may be dropped at any time; not
 * thread-safe.
 */
final class TarDecoder {

    static final int BLOCK = 512;

    /** Enough for any path that a server can have; more is damage or malice. */
    static final int MAX_EXTENDED_HEADER = 64 * 1024;

    /** A server ends a TSM file at 2 GiB; what says that it is far larger is damaged, or a bomb. */
    static final long MAX_FILE = 1L << 36;

    private static final ZipEncoding UTF_8 = ZipEncodingHelper.getZipEncoding("UTF-8");

    private enum Stage {
        HEADER,
        EXTENDED_HEADER,
        BODY,
        PADDING,
        MARKER,
        END
    }

    private final Rules rules;
    private final boolean endsItself;
    private int files;

    private Stage stage = Stage.HEADER;
    private long position;

    private final byte[] block = new byte[BLOCK];
    private int filled;

    /** Header blocks of the entry that is being read, as received. */
    private final ByteArrayOutputStream rawHeader = new ByteArrayOutputStream();

    private final ByteArrayOutputStream extendedHeader = new ByteArrayOutputStream();
    private byte extendedType;
    private int extendedMissing;
    private Overrides overrides = new Overrides();

    private String name = "";
    private long size;
    private long bodyMissing;
    private int paddingMissing;

    /** What an archive may hold, and how its faults are told. */
    interface Rules {

        /**
         * The name under which an entry goes on.
         *
         * @param path as the archive has it
         * @param number of the file, from 1
         * @throws IllegalArgumentException with a clause that says what is wrong
         */
        String name(String path, int number);

        /** @param problem as a clause: {@code ended in the middle of x.tsm} */
        SluiceException damaged(String problem, long offset);

        /** For an input without one byte. */
        SluiceException empty();
    }

    TarDecoder(Rules rules) {
        this(rules, false);
    }

    /** @param endsItself whether the end marker is the end, and nothing is said of what follows it */
    TarDecoder(Rules rules, boolean endsItself) {
        this.rules = rules;
        this.endsItself = endsItself;
    }

    /**
     * The next part that the buffer's bytes complete, or null when all of them are read. The part's data is a
     * retained slice of the buffer; the buffer itself stays the caller's.
     *
     * @throws SluiceException as the rules have it, if it is not a well-formed archive
     */
    @Nullable
    ShardPart next(ByteBuf in) {
        while (true) {
            switch (stage) {
                case HEADER -> {
                    if (!fillBlock(in)) {
                        return null;
                    }
                    ShardPart start = readHeader();
                    if (start != null) {
                        return start;
                    }
                }
                case EXTENDED_HEADER -> {
                    if (extendedMissing == 0) {
                        readExtendedHeader();
                        stage = Stage.HEADER;
                    } else if (fillBlock(in)) {
                        int length = Math.min(BLOCK, extendedMissing);
                        rawHeader.write(block, 0, BLOCK);
                        extendedHeader.write(block, 0, length);
                        extendedMissing -= length;
                    } else {
                        return null;
                    }
                }
                case BODY -> {
                    if (bodyMissing == 0) {
                        stage = Stage.PADDING;
                    } else if (in.isReadable()) {
                        int length = (int) Math.min(in.readableBytes(), bodyMissing);
                        bodyMissing -= length;
                        position += length;
                        return new ShardPart.Bytes(in.readRetainedSlice(length));
                    } else {
                        return null;
                    }
                }
                case PADDING -> {
                    int length = Math.min(in.readableBytes(), paddingMissing);
                    in.skipBytes(length);
                    position += length;
                    paddingMissing -= length;
                    if (paddingMissing > 0) {
                        return null;
                    }
                    stage = Stage.HEADER;
                    return new ShardPart.FileEnd();
                }
                case MARKER -> {
                    if (!fillBlock(in)) {
                        return null;
                    }
                    if (!isZero(block)) {
                        throw damaged("goes on after the first half of its end marker", position - BLOCK);
                    }
                    stage = Stage.END;
                    if (endsItself) {
                        return new ShardPart.ShardEnd(files);
                    }
                }
                case END -> {
                    if (endsItself) {
                        in.skipBytes(in.readableBytes());
                    } else if (in.isReadable()) {
                        throw damaged("goes on after its end marker", position);
                    }
                    return null;
                }
            }
        }
    }

    /**
     * To be asked when the input has ended. Null if the end was told before.
     *
     * @throws SluiceException as the rules have it, if it ended too early or never began
     */
    @Nullable
    ShardPart end() {
        if (endsItself && stage == Stage.END) {
            return null;
        }
        if (position == 0) {
            throw rules.empty();
        }
        String where = switch (stage) {
            case END -> "";
            case HEADER ->
                filled > 0 ? "inside a header" : rawHeader.size() > 0 ? "before a file" : "before its end marker";
            case EXTENDED_HEADER -> "inside an extended header";
            case BODY -> "inside %s, at %d of %d bytes".formatted(name, size - bodyMissing, size);
            case PADDING -> "right after %s".formatted(name);
            case MARKER -> "inside its end marker";
        };
        if (stage != Stage.END) {
            throw damaged("ended " + where, position);
        }
        return new ShardPart.ShardEnd(files);
    }

    private boolean fillBlock(ByteBuf in) {
        int length = Math.min(in.readableBytes(), BLOCK - filled);
        in.readBytes(block, filled, length);
        filled += length;
        position += length;
        if (filled < BLOCK) {
            return false;
        }
        filled = 0;
        return true;
    }

    private @Nullable ShardPart readHeader() {
        if (isZero(block)) {
            if (rawHeader.size() > 0) {
                throw damaged("has an extended header without a file", position - BLOCK);
            }
            stage = Stage.MARKER;
            return null;
        }
        TarArchiveEntry entry = parse();
        rawHeader.write(block, 0, BLOCK);
        return switch (entry.getLinkFlag()) {
            case TarConstants.LF_NORMAL, TarConstants.LF_OLDNORM -> startFile(entry);
            case TarConstants.LF_PAX_EXTENDED_HEADER_LC, TarConstants.LF_GNUTYPE_LONGNAME -> {
                startExtendedHeader(entry);
                yield null;
            }
            default ->
                throw damaged(
                        "has an entry that is not a file, of type 0x%02x".formatted(entry.getLinkFlag()),
                        position - BLOCK);
        };
    }

    private TarArchiveEntry parse() {
        TarArchiveEntry entry;
        try {
            entry = new TarArchiveEntry(block, UTF_8);
        } catch (IOException | IllegalArgumentException e) {
            throw damaged("has a header that cannot be read", position - BLOCK);
        }
        if (!entry.isCheckSumOK()) {
            throw damaged("has a header with a wrong checksum", position - BLOCK);
        }
        return entry;
    }

    private void startExtendedHeader(TarArchiveEntry entry) {
        long length = entry.getSize();
        if (length < 0 || length > MAX_EXTENDED_HEADER || rawHeader.size() > 2 * MAX_EXTENDED_HEADER) {
            throw damaged("has an extended header of %d bytes".formatted(length), position - BLOCK);
        }
        extendedType = entry.getLinkFlag();
        extendedMissing = (int) length;
        extendedHeader.reset();
        stage = Stage.EXTENDED_HEADER;
    }

    private void readExtendedHeader() {
        byte[] body = extendedHeader.toByteArray();
        try {
            if (extendedType == TarConstants.LF_GNUTYPE_LONGNAME) {
                overrides.readLongName(body);
            } else {
                overrides.readPaxRecords(body);
            }
        } catch (IllegalArgumentException e) {
            throw damaged("has an extended header that " + e.getMessage(), position - paddedLength(body.length));
        }
    }

    private ShardPart startFile(TarArchiveEntry entry) {
        long start = position - BLOCK;
        String path = overrides.path() == null ? entry.getName() : overrides.path();
        size = overrides.size() == null ? entry.getSize() : overrides.size();
        Instant modified =
                overrides.modified() == null ? entry.getLastModifiedTime().toInstant() : overrides.modified();
        if (size < 0 || size > MAX_FILE) {
            throw damaged("has a file of %d bytes".formatted(size), start);
        }
        try {
            name = rules.name(path, ++files);
        } catch (IllegalArgumentException e) {
            throw damaged(String.valueOf(e.getMessage()), start);
        }
        bodyMissing = size;
        paddingMissing = (int) (-size & (BLOCK - 1));
        var raw = Unpooled.wrappedBuffer(rawHeader.toByteArray());
        rawHeader.reset();
        overrides = new Overrides();
        stage = Stage.BODY;
        return new ShardPart.FileStart(name, size, modified, raw);
    }

    private SluiceException damaged(String problem, long offset) {
        return rules.damaged(problem, offset);
    }

    private static boolean isZero(byte[] bytes) {
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    private static long paddedLength(long length) {
        return (length + BLOCK - 1) / BLOCK * BLOCK;
    }
}
