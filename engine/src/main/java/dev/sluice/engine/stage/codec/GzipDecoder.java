package dev.sluice.engine.stage.codec;

import dev.sluice.engine.error.CompressedDataDamaged;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/** Gzip members (RFC 1952), one after the other to the end of the input, with every optional header field. */
final class GzipDecoder implements Decoder {

    private static final int FHCRC = 0x02;
    private static final int FEXTRA = 0x04;
    private static final int FNAME = 0x08;
    private static final int FCOMMENT = 0x10;
    private static final int RESERVED = 0xe0;

    private static final int FIXED_HEADER = 10;
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    /** What the next byte belongs to. */
    private enum Part {
        FIXED,
        EXTRA_LENGTH,
        EXTRA,
        NAME,
        COMMENT,
        HEADER_CRC,
        DEFLATE,
        TRAILER
    }

    private final String what;
    private final ByteBufAllocator allocator;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 headerCrc = new CRC32();
    private final CRC32 crc = new CRC32();

    private Part part = Part.FIXED;
    /** Bytes of the part that were read. */
    private int read;

    private int flags;
    /** A number in the making: length of the extra field, CRC-16, CRC-32 with length. */
    private long number;

    private long offset;
    private long members;
    private boolean pending;

    GzipDecoder(String what, ByteBufAllocator allocator) {
        this.what = what;
        this.allocator = allocator;
    }

    @Override
    public @Nullable ByteBuf step(ByteBuffer in) {
        ByteBuf chunk = null;
        try {
            while (pending || in.hasRemaining()) {
                if (part != Part.DEFLATE) {
                    take(in.get() & 0xff);
                    offset++;
                    continue;
                }
                if (chunk == null) {
                    chunk = allocator.directBuffer(Decoder.room(in.remaining(), pending));
                }
                inflate(in, chunk);
                if (!chunk.isWritable()) {
                    break;
                }
            }
            if (chunk == null || chunk.isReadable()) {
                return chunk;
            }
        } catch (Throwable e) {
            if (chunk != null) {
                chunk.release();
            }
            throw e;
        } finally {
            // It must not keep a buffer that is about to be freed.
            inflater.setInput(NOTHING);
        }
        chunk.release();
        return null;
    }

    private void inflate(ByteBuffer in, ByteBuf chunk) {
        int before = in.position();
        ByteBuffer room = chunk.nioBuffer(chunk.writerIndex(), chunk.writableBytes());
        int length;
        inflater.setInput(in);
        try {
            length = inflater.inflate(room);
        } catch (DataFormatException e) {
            throw damaged("is not valid deflate data: " + e.getMessage(), e);
        } finally {
            offset += in.position() - before;
        }
        crc.update(room.flip());
        chunk.writerIndex(chunk.writerIndex() + length);
        if (inflater.finished()) {
            pending = false;
            enter(Part.TRAILER);
            return;
        }
        pending = !chunk.isWritable();
        if (!pending && in.hasRemaining()) {
            throw damaged("is not valid deflate data", null);
        }
    }

    /** One byte of a header or trailer. */
    private void take(int value) {
        if (part.compareTo(Part.HEADER_CRC) < 0) {
            headerCrc.update(value);
        }
        switch (part) {
            case FIXED -> fixed(value);
            case EXTRA_LENGTH -> {
                number |= (long) value << (8 * read++);
                if (read == 2) {
                    long length = number;
                    enter(length == 0 ? afterFixed(FEXTRA) : Part.EXTRA);
                    number = length;
                }
            }
            case EXTRA -> {
                if (++read == number) {
                    enter(afterFixed(FEXTRA));
                }
            }
            case NAME -> {
                if (value == 0) {
                    enter(afterFixed(FNAME));
                }
            }
            case COMMENT -> {
                if (value == 0) {
                    enter(afterFixed(FCOMMENT));
                }
            }
            case HEADER_CRC -> {
                number |= (long) value << (8 * read++);
                if (read == 2) {
                    if (number != (headerCrc.getValue() & 0xffff)) {
                        throw damaged("has a gzip header with a wrong checksum", null);
                    }
                    enter(Part.DEFLATE);
                }
            }
            case TRAILER -> {
                number |= (long) value << (8 * read++);
                if (read == GzipMember.TRAILER) {
                    endMember();
                }
            }
            case DEFLATE -> throw new IllegalStateException("deflate data is not read by the byte");
        }
    }

    private void fixed(int value) {
        boolean expected = switch (read) {
            case 0 -> value == 0x1f;
            case 1 -> value == 0x8b;
            case 2 -> value == 8;
            case 3 -> (value & RESERVED) == 0;
            default -> true; // time, extra flags and system say nothing about the data
        };
        if (!expected) {
            throw damaged(
                    members == 0 ? "is not gzip" : "has bytes after a gzip member that are not another one", null);
        }
        if (read == 3) {
            flags = value;
        }
        if (++read == FIXED_HEADER) {
            enter(afterFixed(0));
        }
    }

    /** The next part of the header that the flags announce, after the one of {@code flag}. */
    private Part afterFixed(int flag) {
        if (flag < FEXTRA && (flags & FEXTRA) != 0) {
            return Part.EXTRA_LENGTH;
        }
        if (flag < FNAME && (flags & FNAME) != 0) {
            return Part.NAME;
        }
        if (flag < FCOMMENT && (flags & FCOMMENT) != 0) {
            return Part.COMMENT;
        }
        return (flags & FHCRC) != 0 ? Part.HEADER_CRC : Part.DEFLATE;
    }

    private void endMember() {
        if ((int) number != (int) crc.getValue()) {
            throw damaged("has a gzip member with a wrong checksum", null);
        }
        if ((int) (number >>> 32) != (int) inflater.getBytesWritten()) {
            throw damaged("has a gzip member with a wrong length", null);
        }
        members++;
        inflater.reset();
        crc.reset();
        headerCrc.reset();
        enter(Part.FIXED);
    }

    private void enter(Part next) {
        part = next;
        read = 0;
        number = 0;
    }

    @Override
    public boolean pending() {
        return pending;
    }

    @Override
    public void finish() {
        if (part != Part.FIXED || read != 0) {
            throw damaged("ends in the middle of a gzip member", null);
        }
        if (members == 0) {
            throw damaged("is empty, without one gzip member", null);
        }
    }

    @Override
    public void free() {
        inflater.end();
    }

    private CompressedDataDamaged damaged(String problem, @Nullable Throwable cause) {
        return new CompressedDataDamaged(what, problem, offset, cause);
    }
}
