package dev.sluice.engine.format;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds out which process works in a directory. influxd locks nothing, so what it has open or mapped is all there is to
 * see: its TSM files, its WAL, its series files. That is in {@code /proc}, on Linux, for processes of the same user, or of
 * all users for root. A server that has just begun, or that has not one shard, is not seen.
 *
 * <p>The file by which a restore keeps others away ({@link #CLAIM}) does not count: who comes, finds it taken and goes
 * must not be told for a server.
 */
public final class DirectoryUsers {

    /** A file in the meta directory, there and locked while a restore writes to the directories. */
    public static final String CLAIM = "sluice.lock";

    private static final Path PROC = Path.of("/proc");

    private DirectoryUsers() {}

    /**
     * A process that has a file open somewhere below the directories, as {@code influxd (pid 12)}; blocks.
     *
     * @param directories that do not exist are passed over
     */
    public static Optional<String> find(List<Path> directories) {
        return find(PROC, directories);
    }

    static Optional<String> find(Path proc, List<Path> directories) {
        List<Path> real = directories.stream().flatMap(DirectoryUsers::real).toList();
        String own = Long.toString(ProcessHandle.current().pid());
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path process : processes) {
                if (!process.getFileName().toString().equals(own) && uses(process, real)) {
                    return Optional.of("%s (pid %s)".formatted(name(process), process.getFileName()));
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    /** Whether there is a chance to see anything. */
    public static boolean canTell() {
        return Files.isDirectory(PROC.resolve("self/fd"));
    }

    private static Stream<Path> real(Path directory) {
        try {
            return Stream.of(directory.toRealPath());
        } catch (IOException e) {
            return Stream.empty();
        }
    }

    private static boolean uses(Path process, List<Path> directories) {
        return hasOpen(process, directories) || hasMapped(process, directories);
    }

    private static boolean hasOpen(Path process, List<Path> directories) {
        try (DirectoryStream<Path> open = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : open) {
                if (target(descriptor)
                        .filter(path -> isBelow(path, directories))
                        .isPresent()) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Of another user, or over by now.
            return false;
        }
        return false;
    }

    /** Empty for what was closed since it was listed, as connections of a busy server are all the time. */
    private static Optional<Path> target(Path descriptor) {
        try {
            return Optional.of(Files.readSymbolicLink(descriptor));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static boolean hasMapped(Path process, List<Path> directories) {
        try (Stream<String> lines = Files.lines(process.resolve("maps"))) {
            return lines.map(line -> line.indexOf('/') < 0 ? "" : line.substring(line.indexOf('/')))
                    .anyMatch(path -> !path.isEmpty() && isBelow(Path.of(path), directories));
        } catch (IOException | RuntimeException e) {
            // Of another user, over by now, or with a name that is no path here.
            return false;
        }
    }

    private static boolean isBelow(Path path, List<Path> directories) {
        Path name = path.getFileName();
        // Of one that was removed the system tells "sluice.lock (deleted)".
        boolean claim = name != null && name.toString().split(" ", 2)[0].equals(CLAIM);
        return !claim && directories.stream().anyMatch(path::startsWith);
    }

    private static String name(Path process) {
        try {
            return Files.readString(process.resolve("comm")).strip();
        } catch (IOException e) {
            return "a process";
        }
    }
}
