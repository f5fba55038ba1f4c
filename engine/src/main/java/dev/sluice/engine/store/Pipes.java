package dev.sluice.engine.store;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.model.Digest;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Bytes to and from channels that block: pipes, sockets, files that are open already. A cancel closes the channel, from
 * whichever thread, so that nobody stays behind in a read or write that never returns.
 */
public final class Pipes {

    private static final int CHUNK = 128 * 1024;

    private Pipes() {}

    /**
     * Writes all bytes, in order, and closes the channel. Cold. No more than two buffers are asked for ahead of what
     * was written; they are taken over.
     *
     * @param what the other end, for messages
     * @param opened gives the channel when the flow begins
     * @param blocking where the writing is done
     * @return the number of bytes; signals {@link StoreFailed} if the other end went away
     */
    public static Mono<Long> write(
            String what, Supplier<? extends WritableByteChannel> opened, Flux<ByteBuf> bytes, Scheduler blocking) {
        return write(what, opened, false, bytes, blocking);
    }

    /** The same for a channel that is left open, for more to come, unless it is cancelled. */
    public static Mono<Long> append(String what, WritableByteChannel channel, Flux<ByteBuf> bytes, Scheduler blocking) {
        return write(what, () -> channel, true, bytes, blocking);
    }

    private static Mono<Long> write(
            String what,
            Supplier<? extends WritableByteChannel> opened,
            boolean leftOpen,
            Flux<ByteBuf> bytes,
            Scheduler blocking) {
        return Mono.defer(() -> PendingWriter.write(
                        what,
                        new OpenerOfChannel(opened.get(), leftOpen, blocking),
                        bytes,
                        Digest.Algorithm.CRC32C,
                        (e, written) -> notWritten(what, written, e),
                        blocking)
                .map(StoredFile::size));
    }

    /**
     * All bytes until the end, in chunks of bounded size, read on demand; the subscriber releases them. Cold, but what
     * a channel has given is gone.
     *
     * @param what the other end, for messages
     * @param opened gives the channel when the flow begins
     * @param blocking where it is read and closed
     */
    public static Flux<ByteBuf> read(String what, Supplier<? extends ReadableByteChannel> opened, Scheduler blocking) {
        return ChannelReading.chunks(opened::get, CHUNK, Long.MAX_VALUE, blocking)
                .onErrorMap(
                        IOException.class,
                        e -> new StoreFailed(
                                "cannot read from %s: %s".formatted(what, reason(e)),
                                "Did the program that writes it end with an error of its own?",
                                e));
    }

    private static StoreFailed notWritten(String what, long written, IOException e) {
        return new StoreFailed(
                "cannot write to %s: %s, after %d bytes".formatted(what, reason(e), written),
                "Whoever reads it went away before the end, or its disk is full. What it got is not complete.",
                e);
    }

    private static String reason(IOException e) {
        return Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
    }

    /** Closes what nobody waits for any more. Blocks: closing waits for a read or write of a file that is under way. */
    public static void close(Channel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // What had to be told was told when reading or writing.
            Operators.onErrorDropped(e, Context.empty());
        }
    }

    private record OpenerOfChannel(WritableByteChannel channel, boolean leftOpen, Scheduler blocking)
            implements PendingFile.Opener {

        @Override
        public PendingFile open() {
            return new OpenChannel(channel, leftOpen);
        }

        /** Closing ends a write that waits for the other end; one that does not wait is waited for. */
        @Override
        public void interrupt() {
            Uninterrupted.surely(blocking, () -> close(channel));
        }
    }

    private record OpenChannel(WritableByteChannel channel, boolean leftOpen) implements PendingFile {

        @Override
        public void write(ByteBuffer[] buffers) throws IOException {
            for (ByteBuffer buffer : buffers) {
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            }
        }

        @Override
        public Duration publish() throws IOException {
            discard();
            return Duration.ZERO;
        }

        /** What went into a pipe cannot be taken back. */
        @Override
        public void withdraw() {}

        @Override
        public void discard() throws IOException {
            if (!leftOpen) {
                channel.close();
            }
        }
    }
}
