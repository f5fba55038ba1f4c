package dev.sluice.engine.transfer;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Handover;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.stage.codec.Decoders;
import dev.sluice.engine.store.Pipes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Function;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/** A file of line protocol, or a stream of it. Text in files may be compressed with gzip or zstd, as its first bytes tell. */
public final class Input {

    private static final int CHUNK = 256 * 1024;
    private static final int HEAD = 4096;

    private final String name;
    private final boolean made;
    private final Function<Scheduler, Mono<Opened>> opening;

    private Input(String name, boolean made, Function<Scheduler, Mono<Opened>> opening) {
        this.name = name;
        this.made = made;
        this.opening = opening;
    }

    public static Input of(Path path) {
        return of(path.toString(), () -> FileChannel.open(path, StandardOpenOption.READ), true);
    }

    /** A stream that can be opened once. It stays open, but for a cancel, which ends a read that waits. */
    public static Input of(String name, ReadableByteChannel channel) {
        return of(name, () -> channel, false);
    }

    /**
     * Text that is made while it is read. Nothing of it is asked for ahead of what the server takes.
     *
     * @param text plain; subscribed to once
     */
    static Input of(String name, Flux<ByteBuf> text) {
        return new Input(name, true, files -> Mono.just(new Made(text)));
    }

    private static Input of(String name, Opener opener, boolean closes) {
        return new Input(
                name,
                false,
                files -> Mono.defer(() -> {
                    var bytes = new Bytes(name, closes);
                    return Handover.<Opened>of(() -> bytes.open(opener), Opened::giveUp, files)
                            .doOnCancel(() ->
                                    Uninterrupted.surely(files, bytes::giveUp)); // it may wait for its first bytes
                }));
    }

    /** Whether the text is made here, and by no people. */
    boolean isMade() {
        return made;
    }

    /** For people. */
    public String name() {
        return name;
    }

    /** Opens the bytes; blocking. */
    private interface Opener {
        ReadableByteChannel open() throws IOException;
    }

    /** An opened input. */
    interface Opened {

        /** Tells whether an input is the same as at another time. */
        String identity() throws IOException;

        /** The text, read on demand; once. The subscriber releases the buffers, and has left before it is closed. */
        Flux<ByteBuf> text(Scheduler files);

        /** Behind the last read. May block. */
        void close();

        /** Ends a read that waits, as nobody wants it any more. May block; again without effect. */
        void giveUp();
    }

    /** What needs no opening: its subscription opens and closes it. */
    private record Made(Flux<ByteBuf> made) implements Opened {
        @Override
        public String identity() {
            return "";
        }

        @Override
        public Flux<ByteBuf> text(Scheduler files) {
            return made;
        }

        @Override
        public void close() {}

        @Override
        public void giveUp() {}
    }

    /** First bytes, and what follows them. */
    private static final class Bytes implements Opened {
        private final String name;
        private final boolean closes;
        private volatile @Nullable ReadableByteChannel open;
        private volatile boolean givenUp;
        private byte[] head = {};
        private boolean headGiven;

        /** @param closes whether it is closed when it was read */
        private Bytes(String name, boolean closes) {
            this.name = name;
            this.closes = closes;
        }

        /** Opens it and looks at its first bytes; of a pipe they are waited for. */
        Bytes open(Opener opener) {
            try {
                ReadableByteChannel channel = opener.open();
                open = channel;
                if (givenUp) { // after it was set: one of both sees the other
                    giveUp();
                }
                ByteBuffer first = ByteBuffer.allocate(HEAD);
                while (first.hasRemaining() && channel.read(first) >= 0) {
                    // until there is enough, or nothing more
                }
                head = Arrays.copyOf(first.array(), first.position());
                return this;
            } catch (NoSuchFileException e) {
                throw new NotThere(
                        "no such file: %s".formatted(name), "Is the path right, and seen from this directory?");
            } catch (IOException e) {
                giveUp();
                throw failed(name, e);
            }
        }

        private ReadableByteChannel channel() {
            return Objects.requireNonNull(open, "it was opened");
        }

        /** From its first bytes and, of a file, its size; a stream's, a pipe's for one, is not the same at another time. */
        @Override
        public String identity() throws IOException {
            var crc = new CRC32();
            crc.update(head);
            long size = closes && channel() instanceof FileChannel file ? file.size() : -1;
            return "%08x-%d".formatted((int) crc.getValue(), size);
        }

        /** Decompressed. */
        @Override
        public Flux<ByteBuf> text(Scheduler files) {
            var codec = Decoders.detect(Unpooled.wrappedBuffer(head));
            return Flux.<ByteBuf>generate(this::read)
                    .subscribeOn(files)
                    .transform(Decoders.forCodec(codec, name))
                    .onErrorMap(IOException.class, e -> failed(name, e));
        }

        private void read(SynchronousSink<ByteBuf> sink) {
            if (!headGiven) {
                headGiven = true;
                if (head.length > 0) {
                    sink.next(Unpooled.wrappedBuffer(head));
                    return;
                }
            }
            // On the heap: an operator that holds it when it is cancelled has nothing to release.
            byte[] chunk = new byte[CHUNK];
            try {
                int count = channel().read(ByteBuffer.wrap(chunk));
                if (count < 0) {
                    sink.complete();
                } else {
                    sink.next(Unpooled.wrappedBuffer(chunk, 0, count));
                }
            } catch (IOException e) {
                if (givenUp) {
                    sink.complete();
                } else {
                    sink.error(e);
                }
            }
        }

        @Override
        public void close() {
            if (closes) {
                giveUp();
            }
        }

        @Override
        public void giveUp() {
            givenUp = true;
            ReadableByteChannel channel = open;
            if (channel != null) {
                Pipes.close(channel);
            }
        }
    }

    /** Opens it and looks at its first bytes. */
    Mono<Opened> open(Scheduler files) {
        return opening.apply(files);
    }

    static StoreFailed failed(String name, IOException e) {
        boolean directory = Files.isDirectory(Path.of(name));
        return new StoreFailed(
                "cannot read %s: %s".formatted(name, directory ? "it is a directory" : FileTrouble.reason(e)),
                "Check who owns the file and its directory, and the disk.",
                e);
    }
}
