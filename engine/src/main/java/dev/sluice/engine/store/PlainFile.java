package dev.sluice.engine.store;

import dev.sluice.engine.error.NotThere;
import io.netty.buffer.ByteBuf;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** A file, wherever it lies, to be read as a whole or at any place. It is open only while somebody reads. */
public final class PlainFile {

    private static final int CHUNK = 256 * 1024;

    private final String name;
    private final Opener opener;
    private final Scheduler blocking;

    /** How it is opened; tests count here what is read. */
    @FunctionalInterface
    public interface Opener {
        FileChannel open() throws IOException;
    }

    /** Something that needs the open file for a moment, and may block. */
    @FunctionalInterface
    public interface Look<T> {
        T at(FileChannel file) throws IOException;
    }

    /**
     * @param name for people
     * @param blocking where it is opened, read and closed; its threads may block
     */
    public PlainFile(String name, Opener opener, Scheduler blocking) {
        this.name = name;
        this.opener = opener;
        this.blocking = blocking;
    }

    /** @param blocking where it is opened, read and closed; its threads may block */
    public static PlainFile of(Path path, Scheduler blocking) {
        return new PlainFile(path.toString(), () -> FileChannel.open(path, StandardOpenOption.READ), blocking);
    }

    /** For people: the path. */
    public String name() {
        return name;
    }

    /** All bytes, as {@link #read(long, long)}. */
    public Flux<ByteBuf> read() {
        return read(0, Long.MAX_VALUE);
    }

    /**
     * The bytes from one place to another, or to the end of the file, in chunks of bounded size, read on demand; the
     * subscriber releases them. Cold: each subscription opens the file and reads from the start. Not one byte beyond is read.
     *
     * @return signals {@link NotThere} if there is no such file, {@link dev.sluice.engine.error.StoreFailed} if it cannot
     *     be read
     */
    public Flux<ByteBuf> read(long from, long to) {
        return ChannelReading.chunks(() -> openAt(from), CHUNK, to - from, blocking)
                .onErrorMap(IOException.class, e -> Failures.reading(name, e));
    }

    /** What is found in the open file; cold, errors as for {@link #read(long, long)}. */
    public <T> Mono<T> look(Look<T> look) {
        return Mono.fromCallable(() -> {
                    try (FileChannel channel = open()) {
                        return look.at(channel);
                    }
                })
                .onErrorMap(IOException.class, e -> Failures.reading(name, e))
                .subscribeOn(blocking);
    }

    /**
     * So many bytes from some place on. Blocks.
     *
     * @throws EOFException if the file ends too early
     */
    public static ByteBuffer bytes(FileChannel file, long place, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, place + bytes.position()) < 0) {
                throw new EOFException("it became shorter while it was read");
            }
        }
        return bytes.flip();
    }

    private FileChannel openAt(long place) throws IOException {
        FileChannel channel = open();
        try {
            if (place > 0) { // what cannot be positioned can still be read from its start
                channel.position(place);
            }
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private FileChannel open() throws IOException {
        try {
            return opener.open();
        } catch (NoSuchFileException e) {
            throw new NotThere("no such file: %s".formatted(name), "The backup may be incomplete or was moved.");
        }
    }
}
