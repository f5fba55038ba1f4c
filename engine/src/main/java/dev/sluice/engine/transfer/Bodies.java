package dev.sluice.engine.transfer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;

/**
 * Direct memory for the bodies of requests, used again and again: a socket takes text from there without another copy,
 * and the memory of a process is dear to get. Any thread.
 */
final class Bodies implements AutoCloseable {

    private final int capacity;
    private final int most;
    private final List<ByteBuf> kept = new ArrayList<>();
    private boolean closed;

    /**
     * @param capacity of a body, bytes; larger ones are not kept
     * @param most how many are kept
     */
    Bodies(int capacity, int most) {
        this.capacity = capacity;
        this.most = most;
    }

    /** An empty buffer with room for so many bytes. The caller releases it; it is used again when all have. */
    synchronized ByteBuf take(int size) {
        if (size <= capacity && !closed) {
            for (ByteBuf body : kept) {
                if (body.refCnt() == 1) { // nobody's but ours
                    return body.retain().clear();
                }
            }
            if (kept.size() < most) {
                ByteBuf body = Unpooled.directBuffer(capacity, capacity);
                kept.add(body);
                return body.retain();
            }
        }
        return Unpooled.directBuffer(size, size);
    }

    /** What is still in use is freed when it is released. */
    @Override
    public synchronized void close() {
        closed = true;
        kept.forEach(ByteBuf::release);
        kept.clear();
    }
}
