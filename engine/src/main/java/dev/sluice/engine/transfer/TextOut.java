package dev.sluice.engine.transfer;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Handover;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.DirectoryStore;
import dev.sluice.engine.store.Links;
import dev.sluice.engine.store.Pipes;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Where text comes to rest: a file that is written beside its place and renamed, or a channel as it is. */
final class TextOut {

    private final SlabLine line;
    private final Scheduler files;

    TextOut(SlabLine line, Scheduler files) {
        this.line = line;
        this.files = files;
    }

    /**
     * Writes a file, replacing one that is there when the new one is complete. A link stays, and what it leads to is
     * replaced. A device or a named pipe is written to as it is.
     *
     * @return bytes that were written
     */
    Mono<Long> file(Path path, Flux<ByteBuf> text) {
        return Mono.fromCallable(() -> Links.followed(path))
                .onErrorMap(IOException.class, e -> failed(path.toString(), e))
                .subscribeOn(files)
                .flatMap(file -> isAsItIs(file) ? asItIs(file, text) : whole(file, text));
    }

    private static boolean isAsItIs(Path file) {
        return Files.exists(file) && !Files.isRegularFile(file);
    }

    private Mono<Long> asItIs(Path path, Flux<ByteBuf> text) {
        return Mono.usingWhen(
                Handover.of(() -> Files.newByteChannel(path, StandardOpenOption.WRITE), Pipes::close, files)
                        .onErrorMap(IOException.class, e -> failed(path.toString(), e)),
                channel -> channel(path.toString(), channel, text),
                channel -> Mono.fromCallable(() -> {
                            channel.close();
                            return channel;
                        })
                        .subscribeOn(files),
                (channel, why) -> Uninterrupted.cleaningUp(files, () -> Pipes.close(channel)),
                channel -> Uninterrupted.cleaningUp(files, () -> Pipes.close(channel)));
    }

    private Mono<Long> whole(Path file, Flux<ByteBuf> text) {
        Path directory = file.getParent() == null ? file : file.getParent();
        String name = "%s.%08x.new" // a store takes no name that begins with a dot
                .formatted(
                        String.valueOf(file.getFileName()).replaceFirst("^\\.+", ""),
                        ThreadLocalRandom.current().nextInt());
        return DirectoryStore.create(directory, files)
                .flatMap(store -> Mono.usingWhen(
                        Mono.just(directory.resolve(name)),
                        whole -> store.put(name, text.transform(line.through("")), Digest.Algorithm.CRC32C)
                                .flatMap(stored -> moved(whole, file).thenReturn(stored.size())),
                        whole -> Mono.empty(),
                        (whole, why) -> store.delete(name).onErrorResume(e -> {
                            why.addSuppressed(e);
                            return Mono.empty();
                        }),
                        whole -> store.delete(name)));
    }

    private Mono<Path> moved(Path from, Path to) {
        return Mono.fromCallable(
                        () -> Files.move(from, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE))
                .onErrorMap(IOException.class, e -> failed(to.toString(), e))
                .subscribeOn(files);
    }

    /** Writes to a channel that stays open; a cancel closes it. */
    Mono<Long> channel(String name, WritableByteChannel channel, Flux<ByteBuf> text) {
        return Pipes.append(name, channel, text.transform(line.through("")), files);
    }

    private static StoreFailed failed(String name, IOException e) {
        return new StoreFailed(
                "cannot write %s: %s".formatted(name, FileTrouble.reason(e)),
                "Check the disk, who owns the directory, and whether the reader of a pipe is still there.",
                e);
    }
}
