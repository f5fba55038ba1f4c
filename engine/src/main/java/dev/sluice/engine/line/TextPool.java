package dev.sluice.engine.line;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Arrays for pieces of text, used again and again. A piece whose buffer is released gives its array back; one that is
 * dropped is left to the collector, so nobody has to release text that was never made a buffer. Any thread.
 */
public final class TextPool {

    private final int capacity;
    private final int most;
    private final Queue<byte[]> idle = new ConcurrentLinkedQueue<>(); // never waits: event loops release buffers too
    private final AtomicInteger count = new AtomicInteger();

    /**
     * @param capacity of an array, bytes; larger ones, which grew, are not kept
     * @param most how many arrays are kept
     */
    public TextPool(int capacity, int most) {
        this.capacity = capacity;
        this.most = most;
    }

    byte[] take() {
        byte[] used = idle.poll();
        if (used == null) {
            return new byte[capacity];
        }
        count.decrementAndGet();
        return used;
    }

    ByteBuf buffer(byte[] bytes, int length) {
        return new Pooled(bytes, length);
    }

    private final class Pooled extends UnpooledHeapByteBuf {
        Pooled(byte[] bytes, int length) {
            super(UnpooledByteBufAllocator.DEFAULT, bytes, bytes.length);
            writerIndex(length);
        }

        @Override
        protected void freeArray(byte[] bytes) {
            if (bytes.length == capacity && count.get() < most) { // give or take one
                count.incrementAndGet();
                idle.add(bytes);
            }
        }
    }
}
