package dev.sluice.bench.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A stopped server's directories, kept for all measurements.
 *
 * @param home has {@code meta}, {@code data} and {@code wal}
 */
public record DataSet(Path home) {

    /** The database with 16 shards. */
    public static final String MANY = "many";

    /** The database with one large shard. */
    public static final String SINGLE = "single";

    /** The database with 48 shards, in a set of its own. */
    public static final String LONG = "long";

    public boolean isThere() {
        return Files.isDirectory(home);
    }

    /** A copy to measure on, in a directory that must not exist. */
    public void copyTo(Path directory) throws IOException {
        Load.copy(home, directory);
    }

    /** Takes a stopped server's directories over. */
    public void adopt(Path work) throws IOException {
        Path pending = home.resolveSibling(home.getFileName() + ".pending");
        Files.createDirectories(pending);
        for (String part : new String[] {"meta", "data", "wal"}) {
            Load.copy(work.resolve(part), pending.resolve(part));
        }
        Files.move(pending, home);
    }

    /** The TSM files and their sizes, a line each. */
    static String listing(Path data) {
        try (Stream<Path> files = Files.walk(data)) {
            return files.filter(file -> file.toString().endsWith(".tsm"))
                    .map(file -> data.relativize(file) + " " + size(file))
                    .sorted()
                    .collect(Collectors.joining("\n"));
        } catch (IOException | UncheckedIOException e) {
            // A file that was compacted away while we looked.
            return "changing";
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return home + "\n" + listing(home.resolve("data"));
    }
}
