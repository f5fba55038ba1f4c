package dev.sluice.engine.transfer;

import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.source.ShardRead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * A shard of a source as files in a scratch directory: index and tombstones of TSM files cannot be read from a stream
 * before the values that they belong to. One shard at a time is there.
 */
final class ShardSpool {

    private final Path directory;
    private final List<Path> files = new ArrayList<>();
    private @Nullable FileChannel open;

    private ShardSpool(Path directory) {
        this.directory = directory;
    }

    /** Reads the shard to its end; gives its files. Removed when it fails. */
    static Mono<ShardSpool> of(ShardRead shard, Path scratch, Scheduler blocking) {
        return Mono.usingWhen(
                Mono.fromCallable(() -> new ShardSpool(
                                Files.createTempDirectory(Files.createDirectories(scratch), "sluice-export-")))
                        .onErrorMap(IOException.class, e -> failed(scratch, e))
                        .subscribeOn(blocking),
                spool -> shard.parts()
                        .concatMap(
                                part -> Mono.using(() -> part, held -> spool.write(held, blocking), ShardPart::release),
                                0)
                        .then(Mono.just(spool)),
                spool -> Mono.empty(),
                (spool, error) -> spool.remove(blocking),
                spool -> spool.remove(blocking));
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

    private Mono<Void> write(ShardPart part, Scheduler blocking) {
        return Mono.<Void>fromCallable(() -> {
                    if (part instanceof ShardPart.FileStart start) {
                        Path file = directory.resolve(start.name()).normalize();
                        if (!directory.equals(file.getParent())) {
                            throw new IOException("not the name of a file: " + start.name());
                        }
                        files.add(file);
                        open = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    } else if (part instanceof ShardPart.Bytes bytes) {
                        bytes.data().retain(); // a cancel lets go of it while it is being written
                        try {
                            for (ByteBuffer piece : bytes.data().nioBuffers()) {
                                while (piece.hasRemaining() && open != null) {
                                    open.write(piece);
                                }
                            }
                        } finally {
                            bytes.data().release();
                        }
                    } else if (open != null) {
                        open.close();
                        open = null;
                    }
                    return null;
                })
                .onErrorMap(IOException.class, e -> failed(directory, e))
                .subscribeOn(blocking);
    }

    /** Frees the space. */
    Mono<Void> remove(Scheduler blocking) {
        return Mono.<Void>fromCallable(() -> {
                    if (open != null) {
                        open.close();
                    }
                    try (Stream<Path> entries = Files.list(directory)) {
                        for (Path entry : entries.toList()) {
                            Files.deleteIfExists(entry);
                        }
                    }
                    Files.deleteIfExists(directory);
                    return null;
                })
                .onErrorResume(IOException.class, e -> Mono.empty())
                .subscribeOn(blocking);
    }

    private static StoreFailed failed(Path path, IOException e) {
        return new StoreFailed(
                "cannot use %s as scratch: %s".formatted(path, e.getMessage()),
                "A shard of the source has to fit there; --scratch names another directory.",
                e);
    }
}
