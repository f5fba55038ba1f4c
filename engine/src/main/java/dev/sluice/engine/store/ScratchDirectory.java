package dev.sluice.engine.store;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.StoreFailed;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A directory of its own for what is needed for a while: made when it is first used, removed with all that lies in it
 * however its use ends.
 *
 * <p>Work in it is done by one thread at a time, so a removal waits for what is under way, a cancelled one too.
 */
public final class ScratchDirectory {

    private static final Logger log = LoggerFactory.getLogger(ScratchDirectory.class);

    private final Path parent;
    private final String need;
    private final Scheduler one;
    // Touched by the one thread only.
    private @Nullable Path directory;
    private Closeable open = () -> {};

    private ScratchDirectory(Path parent, String need, Scheduler one) {
        this.parent = parent;
        this.need = need;
        this.one = one;
    }

    /**
     * Uses a directory; each subscription has its own.
     *
     * @param parent where it is made; made too if it is not there
     * @param need hint for people if it cannot be used: how much room it needs
     * @param blocking where files are read and written
     */
    public static <T> Flux<T> using(
            Path parent, String need, Scheduler blocking, Function<ScratchDirectory, Publisher<T>> use) {
        return Flux.usingWhen(
                Mono.fromSupplier(() -> new ScratchDirectory(parent, need, Schedulers.single(blocking))),
                use,
                ScratchDirectory::remove);
    }

    /** What is done with the directory's path. */
    @FunctionalInterface
    public interface Work<T> {

        /** @return null for nothing */
        @Nullable
        T in(Path directory) throws IOException;
    }

    /** Does some work in it, when subscribed to; an I/O error becomes {@link StoreFailed}. */
    public <T> Mono<T> call(Work<T> work) {
        Callable<T> callable = () -> work.in(directory());
        return Mono.fromCallable(callable)
                .onErrorMap(
                        IOException.class,
                        e -> new StoreFailed(
                                "cannot use %s as scratch: %s".formatted(parent, FileTrouble.inWords(e)), need, e))
                .subscribeOn(one);
    }

    /**
     * What is closed before the files are removed, by the thread that removes them; to be said before any work.
     *
     * @param inUse is closed even if there was no work
     */
    public void closeFirst(Closeable inUse) {
        open = inUse;
    }

    private Path directory() throws IOException {
        Path made = directory;
        if (made == null) {
            made = Files.createTempDirectory(Files.createDirectories(parent), "sluice-");
            directory = made;
        }
        return made;
    }

    private Mono<Void> remove() {
        return Mono.<Void>fromRunnable(this::delete)
                .subscribeOn(one)
                // The engine was closed meanwhile, and its threads are gone.
                .onErrorResume(RejectedExecutionException.class, e -> Mono.fromRunnable(this::delete))
                .doFinally(signal -> one.dispose());
    }

    private void delete() {
        try {
            open.close();
        } catch (IOException e) {
            // what was written is thrown away
        }
        Path gone = directory;
        if (gone == null) {
            return;
        }
        try (Stream<Path> files = Files.list(gone)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(gone);
        } catch (NoSuchFileException e) {
            // somebody cleans up here
        } catch (IOException e) {
            log.warn("scratch directory {} stays behind: {}", gone, FileTrouble.reason(e));
        }
    }
}
