package dev.sluice.engine.store;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Handover;
import dev.sluice.engine.model.Digest;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * A directory on a file system.
 *
 * <p>A file is written as {@code .NAME.xxxxxxxx.pending}, mode 0600, and gets its name by a hard link after it
 * was flushed to disk, which cannot replace anything; where the file system has no links, by a rename after a
 * look. Then the directory is flushed. influxd's restore looks for {@code *.manifest} and {@code meta.*} and
 * finds neither pending files nor claims ({@code .NAME.pending}).
 */
public final class DirectoryStore implements Store {

    private static final String PENDING = ".pending";
    private static final int MAX_CLAIM_ATTEMPTS = 8;

    private final Path directory;
    private final Scheduler blocking;
    private final ChannelOpener channels;
    private final boolean posix;
    private final boolean syncsDirectory;

    /** How files are opened for writing; tests put faulty disks here. */
    @FunctionalInterface
    interface ChannelOpener {
        FileChannel open(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
                throws IOException;
    }

    private DirectoryStore(Path directory, Scheduler blocking, ChannelOpener channels) throws IOException {
        this.directory = directory;
        this.blocking = blocking;
        this.channels = channels;
        this.posix = isPosix(directory);
        this.syncsDirectory = trySync(directory);
    }

    /**
     * Makes the directory, with mode 0700, if it is missing, and finds out whether it can be written to.
     *
     * @param blocking where all work on files is done; its threads may block
     * @return signals {@link InvalidRequest} if the path is a file, {@link StoreFailed} if it cannot be made or
     *     written to
     */
    public static Mono<DirectoryStore> create(Path path, Scheduler blocking) {
        return create(path, blocking, FileChannel::open);
    }

    static Mono<DirectoryStore> create(Path path, Scheduler blocking, ChannelOpener channels) {
        Path directory = Links.absolute(path);
        return Mono.fromCallable(() -> open(directory, blocking, channels))
                .onErrorMap(IOException.class, e -> Failures.using(directory.toString(), e))
                .subscribeOn(blocking);
    }

    /**
     * A directory to read from: nothing is made in it and nothing is tried.
     *
     * @param blocking where all work on files is done; its threads may block
     * @return signals {@link NotThere} if there is no such directory, {@link InvalidRequest} if the path is a file
     */
    public static Mono<DirectoryStore> existing(Path path, Scheduler blocking) {
        Path directory = Links.absolute(path);
        return Mono.fromCallable(() -> {
                    if (!isThere(directory)) {
                        throw new NotThere(
                                "%s does not exist".formatted(directory), "Name the directory that holds the backup.");
                    }
                    if (!Files.isDirectory(directory)) {
                        throw new InvalidRequest(
                                "%s is not a directory".formatted(directory),
                                "Name the directory that holds the backup, not a file in it.");
                    }
                    return new DirectoryStore(directory, blocking, FileChannel::open);
                })
                .onErrorMap(IOException.class, e -> Failures.reading(directory.toString(), e))
                .subscribeOn(blocking);
    }

    /** Blocking. */
    static DirectoryStore open(Path directory, Scheduler blocking, ChannelOpener channels) throws IOException {
        makeDirectory(directory);
        probe(directory);
        return new DirectoryStore(directory, blocking, channels);
    }

    @Override
    public String describe() {
        return directory.toString();
    }

    @Override
    public String describe(String name) {
        return directory.resolve(FileNames.check(name)).toString();
    }

    @Override
    public Mono<StoredFile> put(String name, Flux<ByteBuf> bytes, Digest.Algorithm algorithm) {
        return Mono.defer(() -> write(name, () -> openNew(name), bytes, algorithm));
    }

    @Override
    public Mono<Reservation> reserve(String name) {
        return Handover.<Reservation>of(() -> claim(FileNames.check(name)), claim -> forget(name), blocking)
                .onErrorMap(IOException.class, e -> Failures.writing(describe(name), 0, e));
    }

    @Override
    public Flux<ByteBuf> get(String name) {
        return Flux.defer(() -> PlainFile.of(path(name), blocking).read());
    }

    @Override
    public Optional<PlainFile> plain(String name) {
        return Optional.of(PlainFile.of(path(name), blocking));
    }

    @Override
    public Flux<StoreEntry> list() {
        return entries(name -> !name.startsWith("."));
    }

    @Override
    public Flux<StoreEntry> unfinished() {
        return entries(DirectoryStore::isUnfinished);
    }

    /** Whether a file of this name in such a directory is one of {@link #unfinished()}. */
    public static boolean isUnfinished(String name) {
        return name.startsWith(".") && name.endsWith(PENDING);
    }

    private Flux<StoreEntry> entries(Predicate<String> wanted) {
        return onFiles(directory, () -> look(wanted)).flatMapIterable(Function.identity());
    }

    @Override
    public Mono<Boolean> exists(String name) {
        return Mono.defer(() -> onFiles(path(name), () -> isFile(path(name))));
    }

    @Override
    public Mono<Boolean> delete(String name) {
        return Mono.defer(() -> onFiles(path(name), () -> Files.deleteIfExists(path(name))));
    }

    private Mono<StoredFile> write(
            String name, PendingFile.Opener opener, Flux<ByteBuf> bytes, Digest.Algorithm algorithm) {
        String place = describe(name);
        return PendingWriter.write(
                name, opener, bytes, algorithm, (e, written) -> Failures.writing(place, written, e), blocking);
    }

    private <T> Mono<T> onFiles(Path path, Callable<T> action) {
        return Mono.fromCallable(action)
                .onErrorMap(IOException.class, e -> Failures.reading(path.toString(), e))
                .subscribeOn(blocking);
    }

    private Path path(String name) {
        return directory.resolve(FileNames.check(name));
    }

    private Path claimPath(String name) {
        return directory.resolve("." + name + PENDING);
    }

    private PendingFile openNew(String name) throws IOException {
        Path target = path(name);
        if (isThere(target) || isThere(claimPath(name))) {
            throw new FileAlreadyExistsException(target.toString());
        }
        // A number of its own for each attempt: the file of a cancelled one may still be on its way out.
        IOException taken = null;
        for (int i = 0; i < MAX_CLAIM_ATTEMPTS; i++) {
            String number = "%08x".formatted(ThreadLocalRandom.current().nextInt());
            Path pending = directory.resolve("." + name + "." + number + PENDING);
            try {
                return pendingFile(pending, target, openExclusively(pending));
            } catch (FileAlreadyExistsException e) {
                taken = e;
            }
        }
        throw new IOException("no free name for a pending file", taken);
    }

    private PendingFile pendingFile(Path pending, Path target, FileChannel channel) {
        return new PendingPath(directory, pending, target, channel, syncsDirectory);
    }

    private FileChannel openExclusively(Path path) throws IOException {
        return channels.open(
                path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), filePermissions(posix));
    }

    /** Claim first, then look: whoever publishes this name held the claim until the name was there. */
    private @Nullable Reservation claim(String name) throws IOException {
        Path claim = claimPath(name);
        try {
            openExclusively(claim).close();
        } catch (FileAlreadyExistsException e) {
            return null;
        }
        if (isThere(path(name))) {
            Files.deleteIfExists(claim);
            return null;
        }
        return new ClaimFile(name);
    }

    private void forget(String name) {
        try {
            Files.deleteIfExists(claimPath(name));
        } catch (IOException e) {
            Operators.onErrorDropped(e, Context.empty()); // whoever wanted it has left
        }
    }

    private List<StoreEntry> look(Predicate<String> wanted) throws IOException {
        var entries = new ArrayList<StoreEntry>();
        try (var paths = Files.newDirectoryStream(directory)) {
            for (Path path : paths) {
                String name = path.getFileName().toString();
                if (wanted.test(name) && isFile(path)) {
                    sizeOf(path).ifPresent(size -> entries.add(new StoreEntry(name, size)));
                }
            }
        }
        entries.sort(Comparator.comparing(StoreEntry::name));
        return entries;
    }

    /** Empty for a file that went meanwhile: others work in the directory too. */
    private static OptionalLong sizeOf(Path file) throws IOException {
        try {
            return OptionalLong.of(Files.size(file));
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        }
    }

    /** False where it cannot be done. */
    private static boolean trySync(Path directory) {
        try {
            PendingPath.syncDirectory(directory);
            return true;
        } catch (IOException e) {
            // Windows cannot open directories and some network file systems cannot flush them.
            return false;
        }
    }

    private static void makeDirectory(Path directory) throws IOException {
        List<Path> parents = new ArrayList<>();
        for (Path above = directory; above != null && !Files.isDirectory(above); above = above.getParent()) {
            if (isThere(above)) {
                throw notADirectory(above);
            }
            if (above.getParent() != null) {
                parents.add(above.getParent());
            }
        }
        Files.createDirectories(directory, directoryPermissions(isPosix(directory)));
        // A file is as durable as the names of the directories above it.
        parents.forEach(DirectoryStore::trySync);
    }

    private static SluiceException notADirectory(Path path) {
        return new InvalidRequest(
                "%s is not a directory".formatted(path),
                "Name a directory; it is made if it does not exist. The file that is there was not touched.");
    }

    private static void probe(Path directory) throws IOException {
        Path probe = Files.createTempFile(directory, ".probe.", PENDING);
        Files.deleteIfExists(probe);
    }

    private static boolean isThere(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    private static boolean isFile(Path path) {
        return Files.isRegularFile(path);
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static FileAttribute<?>[] filePermissions(boolean posix) {
        return posix ? permissions("rw-------") : new FileAttribute<?>[0];
    }

    private static FileAttribute<?>[] directoryPermissions(boolean posix) {
        return posix ? permissions("rwx------") : new FileAttribute<?>[0];
    }

    private static FileAttribute<?>[] permissions(String text) {
        return new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text))};
    }

    /** By an empty file that only this store looks for. */
    private final class ClaimFile extends Claim {
        private final Path file;

        ClaimFile(String name) {
            super(name);
            this.file = claimPath(name);
        }

        @Override
        Mono<StoredFile> write(Flux<ByteBuf> bytes, Digest.Algorithm algorithm) {
            return DirectoryStore.this.write(name(), this, bytes, algorithm);
        }

        @Override
        public PendingFile open() throws IOException {
            Set<OpenOption> options = Set.of(StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
            return pendingFile(file, path(name()), channels.open(file, options));
        }

        @Override
        public void abandon() throws IOException {
            Files.deleteIfExists(file);
        }

        @Override
        Mono<Void> giveBack() {
            return onFiles(file, () -> Files.deleteIfExists(file)).then();
        }
    }
}
