package dev.sluice.engine.target;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The directories that one restore has made, as it found when it made them. It removes these and no others: what lies
 * beside them may be somebody else's, who works under the same names at the same time. For any thread; everything blocks.
 */
final class MadeHere {

    /** Made for others to lie in. */
    private final Set<Path> around = ConcurrentHashMap.newKeySet();

    /** Made for this restore alone. */
    private final Set<Path> own = ConcurrentHashMap.newKeySet();

    /** Makes a directory and those it lies in, as far as they are missing. They go again if nothing lies in them then. */
    void makeAll(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.getParent();
        if (parent != null) {
            makeAll(parent);
        }
        try {
            Files.createDirectory(directory);
        } catch (FileAlreadyExistsException e) {
            if (Files.isDirectory(directory)) {
                return; // another one was faster
            }
            throw e;
        }
        around.add(directory);
    }

    /**
     * Makes a directory; whatever comes to lie in it goes with it.
     *
     * @throws FileAlreadyExistsException if there is one, which stays as it is
     */
    void make(Path directory) throws IOException {
        Files.createDirectory(directory);
        own.add(directory);
    }

    /** Gives a directory its last name, which must be free. */
    void move(Path from, Path to) throws IOException {
        Files.move(from, to);
        own.add(to);
        own.remove(from);
    }

    /** Removes a directory with all that lies in it, if it was made here. */
    void remove(Path directory) throws IOException {
        if (own.contains(directory)) {
            Durable.delete(directory);
            own.remove(directory); // not before: what could not be removed is tried again at the end
        }
    }

    /** Those that were made for others to lie in, each before what lies in it. */
    List<Path> around() {
        return around.stream()
                .sorted(Comparator.comparingInt(Path::getNameCount))
                .toList();
    }

    /**
     * Removes all.
     *
     * @throws IOException the first of all failures; the others were not held up by it
     */
    void removeAll() throws IOException {
        IOException failed = null;
        for (Path directory : own) {
            try {
                remove(directory);
            } catch (IOException e) {
                failed = first(failed, e);
            }
        }
        // Not the newest first: what lies in one may be noted before it, by another thread.
        List<Path> deepestFirst = around.stream()
                .sorted(Comparator.comparingInt(Path::getNameCount).reversed())
                .toList();
        for (Path directory : deepestFirst) {
            around.remove(directory);
            try {
                Files.deleteIfExists(directory);
            } catch (DirectoryNotEmptyException e) {
                // Somebody else has taken to it.
            } catch (IOException e) {
                failed = first(failed, e);
            }
        }
        if (failed != null) {
            throw failed;
        }
    }

    private static IOException first(@Nullable IOException earlier, IOException now) {
        if (earlier == null) {
            return now;
        }
        earlier.addSuppressed(now);
        return earlier;
    }
}
