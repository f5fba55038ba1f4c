package dev.sluice.engine.wire;

import dev.sluice.engine.error.MalformedResponse;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The answer to {@link SnapshotRequest.MetastoreUpdate}: which shard of the uploaded metadata became which
 * shard of the server. Without an entry it may mean that nothing was imported, or a database without shards:
 * the two look the same.
 *
 * @param ids unsigned, in the order of the wire, which is random
 */
public record IdMap(Map<Long, Long> ids) {

    private static final int HEADER = 2 * Long.BYTES;
    private static final int PAIR = 2 * Long.BYTES;
    private static final String WHAT = "id map: ";

    public IdMap {
        ids = Collections.unmodifiableMap(new LinkedHashMap<>(ids));
    }

    /**
     * Reads a whole answer, to the buffer's end. The buffer stays the caller's.
     *
     * @throws MalformedResponse on a wrong magic, on a number of pairs that are not there, on bytes after them
     */
    public static IdMap decode(ByteBuf in) {
        int received = in.readableBytes();
        if (received >= Long.BYTES) {
            MetastoreAnswer.checkMagic(WHAT, in.getLong(in.readerIndex()));
        }
        if (received < HEADER) {
            throw new MalformedResponse(WHAT + "ended after %d bytes".formatted(received), received);
        }
        in.skipBytes(Long.BYTES);
        long pairs = in.readLong();
        if (pairs < 0 || pairs > in.readableBytes() / PAIR) {
            throw new MalformedResponse(
                    WHAT
                            + "ended after %d bytes, promised were %s pairs"
                                    .formatted(received, Long.toUnsignedString(pairs)),
                    received);
        }
        if (in.readableBytes() > pairs * PAIR) {
            throw new MalformedResponse(WHAT + "goes on after its end", HEADER + pairs * PAIR);
        }
        Map<Long, Long> ids = new LinkedHashMap<>();
        for (int i = 0; i < pairs; i++) {
            long uploaded = in.readLong();
            if (ids.put(uploaded, in.readLong()) != null) {
                throw new MalformedResponse(
                        WHAT + "shard %s stands in it twice".formatted(Long.toUnsignedString(uploaded)),
                        HEADER + (long) i * PAIR);
            }
        }
        return new IdMap(ids);
    }

    /** The answer as a server sends it. The caller owns the buffer. */
    public ByteBuf encode(ByteBufAllocator alloc) {
        ByteBuf out = alloc.buffer(HEADER + PAIR * ids.size())
                .writeLong(MetastoreAnswer.MAGIC)
                .writeLong(ids.size());
        ids.forEach((uploaded, here) -> out.writeLong(uploaded).writeLong(here));
        return out;
    }
}
