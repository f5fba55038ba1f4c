package dev.sluice.engine.store;

import dev.sluice.engine.flow.CancelOn;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/**
 * A channel that is read in chunks, on demand. A cancel closes it, so that a read that waits for the other end of a pipe
 * comes back; and closing waits for a read that is under way, so it is done by a thread that may.
 */
final class ChannelReading {

    private final Callable<? extends ReadableByteChannel> opener;
    private final int size;
    private long left;
    private @Nullable ReadableByteChannel open;
    private volatile boolean cancelled;

    private ChannelReading(Callable<? extends ReadableByteChannel> opener, int size, long most) {
        this.opener = opener;
        this.size = size;
        this.left = most;
    }

    /**
     * The bytes until the end; the subscriber releases them. Cold: each subscription opens the channel, and closes it.
     *
     * @param size of a chunk, at most, in bytes
     * @param most no byte more than so many is read
     * @param blocking where it is opened, read and closed; its threads may block
     * @return signals the {@link IOException}s of the channel
     */
    static Flux<ByteBuf> chunks(
            Callable<? extends ReadableByteChannel> opener, int size, long most, Scheduler blocking) {
        return Flux.defer(() -> new ChannelReading(opener, size, most).chunks())
                .subscribeOn(blocking)
                .transform(CancelOn.threads(blocking));
    }

    private Flux<ByteBuf> chunks() {
        return Flux.<ByteBuf, ReadableByteChannel>generate(this::open, this::next, Pipes::close)
                .doOnCancel(this::cancel);
    }

    private ReadableByteChannel open() throws Exception {
        ReadableByteChannel channel = opener.call();
        open = channel;
        return channel;
    }

    private ReadableByteChannel next(ReadableByteChannel channel, SynchronousSink<ByteBuf> sink) {
        int length = (int) Math.min(size, left);
        if (length <= 0) {
            sink.complete();
            return channel;
        }
        ByteBuf chunk = PooledByteBufAllocator.DEFAULT.directBuffer(length, length);
        boolean kept = false;
        try {
            int read = channel.read(chunk.nioBuffer(0, length));
            if (read < 0) {
                sink.complete();
            } else {
                left -= read;
                kept = true;
                sink.next(chunk.writerIndex(read));
            }
        } catch (IOException e) {
            if (cancelled) {
                sink.complete();
            } else {
                sink.error(e);
            }
        } finally {
            if (!kept) {
                chunk.release();
            }
        }
        return channel;
    }

    private void cancel() {
        cancelled = true;
        ReadableByteChannel channel = open;
        if (channel != null) {
            Pipes.close(channel);
        }
    }
}
