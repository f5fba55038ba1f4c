package dev.sluice.engine.target;

import dev.sluice.engine.error.DirectoriesInUse;
import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.format.DirectoryUsers;
import dev.sluice.engine.model.Notice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a second restore away from the directories of a stopped server, from its first look at them to its last change.
 *
 * <p>It is the system's lock on a file in the meta directory. The lock goes with its process, however that ends; the file
 * goes when the claim is given back, and one that a killed process has left is in nobody's way. Servers do not look at it.
 *
 * <p>For any thread; everything blocks.
 */
public final class DirectoryClaim {

    private static final Logger log = LoggerFactory.getLogger(DirectoryClaim.class);

    /**
     * The meta directories that this process has claimed. The system's locks are between processes: within one, to close
     * any channel to the file would give up the lock of another.
     */
    private static final Set<Object> HELD = ConcurrentHashMap.newKeySet();

    /** Behind all that is written: where locks keep others from reading, whoever is refused can still read who has it. */
    private static final long LOCKED_BYTE = 1L << 30;

    private static final int LONGEST_NOTE = 200;

    /** A file may be gone, or be another one, so often: each time somebody has ended a restore in that moment. */
    private static final int ATTEMPTS = 20;

    private final Path file;
    private final Locked locked;
    private final Runnable last;
    private final AtomicBoolean over = new AtomicBoolean();

    /** @param last is done when it is over */
    private DirectoryClaim(Path file, Locked locked, Runnable last) {
        this.file = file;
        this.locked = locked;
        this.last = last;
    }

    /**
     * What has come of an attempt.
     *
     * @param lock none if locks are not to be had
     * @param file as it was locked, and as it was found again
     * @param problem why others could not be kept away
     */
    private record Locked(Optional<FileLock> lock, List<FileChannel> file, Optional<Notice> problem) {}

    /** Makes what holds a claim from now on. */
    @FunctionalInterface
    public interface Holder<T> {
        T with(DirectoryClaim claim) throws IOException;
    }

    /** The system's locks. */
    @FunctionalInterface
    interface Locks {

        /** The lock of an open file; null if another process has it. */
        @Nullable
        FileLock take(FileChannel file) throws IOException;
    }

    /**
     * Claims a server's directories.
     *
     * @param meta its meta directory; one that has to be made is removed again if it is empty in the end
     * @throws DirectoriesInUse if another restore has them
     * @throws IOException if the meta directory cannot be written to
     */
    public static DirectoryClaim take(Path meta) throws IOException {
        return take(meta, HELD, file -> file.tryLock(LOCKED_BYTE, 1, false));
    }

    /** @param held what its process has claimed */
    static DirectoryClaim take(Path meta, Set<Object> held, Locks locks) throws IOException {
        MadeHere made = new MadeHere();
        DirectoryClaim claim = null;
        try {
            made.makeAll(meta);
            claim = takeThere(meta, made, held, locks);
            return claim;
        } finally {
            if (claim == null) {
                removeAll(made);
            }
        }
    }

    private static DirectoryClaim takeThere(Path meta, MadeHere made, Set<Object> held, Locks locks)
            throws IOException {
        Object key = key(meta);
        if (!held.add(key)) {
            throw taken(meta, "this process");
        }
        Locked locked = null;
        try {
            for (int i = 0; i < ATTEMPTS && locked == null; i++) {
                locked = attempt(meta, locks);
            }
            if (locked == null) {
                throw taken(meta, "others, one after the other");
            }
            return new DirectoryClaim(meta.resolve(DirectoryUsers.CLAIM), locked, () -> {
                removeAll(made);
                held.remove(key);
            });
        } finally {
            if (locked == null) {
                held.remove(key);
            }
        }
    }

    private static void removeAll(MadeHere made) {
        try {
            made.removeAll();
        } catch (IOException e) {
            log.warn("an empty directory stays behind", e);
        }
    }

    /** What a directory is, whatever path leads to it. */
    private static Object key(Path directory) throws IOException {
        Object key = Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
        return key == null ? directory.toRealPath() : key;
    }

    /** Null if the file that was locked was not there any more, so that the lock means nothing. */
    private static @Nullable Locked attempt(Path meta, Locks locks) throws IOException {
        Path file = meta.resolve(DirectoryUsers.CLAIM);
        FileChannel channel;
        try {
            channel = FileChannel.open(
                    file,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS); // its owner might lead root to another file
        } catch (NoSuchFileException e) {
            if (Files.isDirectory(meta)) {
                return null;
            }
            throw e;
        }
        FileChannel seen = null;
        boolean keep = false;
        try {
            FileLock lock;
            try {
                lock = locks.take(channel);
            } catch (OverlappingFileLockException e) { // by the same classes, loaded once more
                throw taken(meta, note(channel));
            } catch (ClosedChannelException e) { // by an interrupt
                throw e;
            } catch (IOException e) {
                return without(file, channel.size() == 0, e);
            }
            if (lock == null) {
                throw taken(meta, note(channel));
            }
            String mine = "pid %d, %s".formatted(ProcessHandle.current().pid(), UUID.randomUUID());
            channel.truncate(0);
            write(channel, mine);
            // Whoever had it before may have removed the file between our opening and locking it, and a third one have
            // made it anew. What was written tells them apart; and to close this channel now would give up the lock.
            seen = reopen(file);
            if (seen == null || !note(seen).equals(mine)) {
                return null;
            }
            Ownership.of(meta).give(file); // if root is killed, the server's account can lock it too
            keep = true;
            return new Locked(Optional.of(lock), List.of(channel, seen), Optional.empty());
        } finally {
            if (!keep) {
                close(seen);
                close(channel);
            }
        }
    }

    /** Where locks are not to be had: what is found out at the end has to do. */
    private static Locked without(Path file, boolean unused, IOException why) throws IOException {
        if (unused) {
            Files.deleteIfExists(file);
        }
        return new Locked(
                Optional.empty(),
                List.of(),
                Optional.of(Notice.warning(
                        "whether another restore works on %s cannot be told, as files cannot be locked there: %s"
                                .formatted(file.getParent(), FileTrouble.reason(why)),
                        "Make sure that there is none.")));
    }

    private static @Nullable FileChannel reopen(Path file) throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static void write(FileChannel channel, String note) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(note.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes, bytes.position());
        }
    }

    private static String note(FileChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LONGEST_NOTE);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, bytes.position()) < 0) {
                break;
            }
        }
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    }

    private static DirectoriesInUse taken(Path meta, String by) {
        int comma = by.indexOf(',');
        String who = comma < 0 ? by : by.substring(0, comma);
        return new DirectoriesInUse(
                "another restore works on %s%s; nothing was changed"
                        .formatted(meta, who.isBlank() ? "" : " (" + who + ")"),
                "One restore or 'serve --writable' at a time can write to a stopped server's directories. Wait until"
                        + " it has ended, then try again.");
    }

    /** Makes what gives it back in the end; it is given back at once if that cannot be made. */
    public <T> T heldBy(Holder<T> holder) throws IOException {
        boolean made = false;
        try {
            T result = holder.with(this);
            made = true;
            return result;
        } finally {
            if (!made) {
                release();
            }
        }
    }

    /** What is to be said if others could not be kept away. */
    public Optional<Notice> problem() {
        return locked.problem();
    }

    /** Lets others in; without effect the second time. */
    public void release() {
        if (!over.compareAndSet(false, true)) {
            return;
        }
        try {
            if (locked.lock().isPresent()) {
                Files.deleteIfExists(file); // while it is locked: afterwards it might be the file of the next one
            }
        } catch (IOException e) {
            log.warn("{} stays behind; it is in nobody's way", file, e);
        } finally {
            locked.file().forEach(DirectoryClaim::close);
            last.run();
        }
    }

    private static void close(@Nullable FileChannel channel) {
        if (channel == null) {
            return;
        }
        try {
            channel.close();
        } catch (IOException e) {
            log.warn("a file could not be closed", e);
        }
    }
}
