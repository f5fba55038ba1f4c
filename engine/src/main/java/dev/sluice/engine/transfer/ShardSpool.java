package dev.sluice.engine.transfer;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Detour;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.source.ShardRead;
import io.netty.buffer.ByteBufUtil;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A shard of a source as files in a scratch directory: index and tombstones of TSM files cannot be read from a stream
 * before the values that they belong to. One shard at a time is there.
 */
final class ShardSpool {

    private final Path scratch;
    private final Scheduler one;

    // Touched on the one thread; read when all is written.
    private final List<Path> files = new ArrayList<>();
    private @Nullable Path directory;
    private @Nullable FileChannel open;

    /**
     * Nothing is there yet; {@link #remove} ends it in any case.
     *
     * @param scratch made if it does not exist
     * @param blocking where files are written
     */
    ShardSpool(Path scratch, Scheduler blocking) {
        this.scratch = scratch;
        // One thread, so that the removal comes after what is under way when it is cancelled.
        this.one = Schedulers.single(blocking);
    }

    /** Reads the shard to its end. */
    Mono<Void> read(ShardRead shard) {
        Flux<ShardPart> written = shard.parts().transform(Detour.of(this::written, ShardPart::release));
        return onOne(this::make).thenMany(written).then();
    }

    ShardFiles files(Place place) {
        return new ShardFiles(
                place,
                files.stream()
                        .filter(file -> file.toString().endsWith(".tsm"))
                        .sorted()
                        .toList(),
                List.of());
    }

    /** Takes over the part, as what is written of it lies on the heap: nothing to free, whoever cancels when. */
    private Flux<ShardPart> written(ShardPart part) {
        byte[] content = part instanceof ShardPart.Bytes bytes ? ByteBufUtil.getBytes(bytes.data()) : new byte[0];
        part.release();
        return onOne(() -> {
                    if (part instanceof ShardPart.FileStart start) {
                        begin(start.name());
                    } else if (part instanceof ShardPart.Bytes) {
                        write(ByteBuffer.wrap(content));
                    } else {
                        close();
                    }
                })
                .thenMany(Flux.empty());
    }

    /** Something that may fail. */
    private interface Action {
        void run() throws IOException;
    }

    private Mono<Void> onOne(Action action) {
        return Mono.<Void>fromCallable(() -> {
                    action.run();
                    return null;
                })
                .onErrorMap(IOException.class, this::failed)
                .subscribeOn(one);
    }

    private void make() throws IOException {
        directory = Files.createTempDirectory(Files.createDirectories(scratch), "sluice-export-");
    }

    private void begin(String name) throws IOException {
        Path parent = Objects.requireNonNull(directory);
        Path file = parent.resolve(name).normalize();
        if (!parent.equals(file.getParent())) {
            throw new IOException("not the name of a file: " + name);
        }
        files.add(file);
        open = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private void write(ByteBuffer content) throws IOException {
        while (content.hasRemaining() && open != null) {
            open.write(content);
        }
    }

    private void close() throws IOException {
        if (open != null) {
            open.close();
            open = null;
        }
    }

    /** Frees the space, as far as that can be done. */
    Mono<Void> remove() {
        return onOne(this::delete)
                .onErrorResume(StoreFailed.class, e -> Mono.empty())
                .doFinally(signal -> one.dispose());
    }

    private void delete() throws IOException {
        close();
        if (directory == null) {
            return;
        }
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                Files.deleteIfExists(entry);
            }
        }
        Files.deleteIfExists(directory);
    }

    private StoreFailed failed(IOException e) {
        return new StoreFailed(
                "cannot use %s as scratch: %s".formatted(directory == null ? scratch : directory, e.getMessage()),
                "A shard of the source has to fit there; --scratch names another directory.",
                e);
    }
}
