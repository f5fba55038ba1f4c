package dev.sluice.engine.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Backups recorded from real servers, as directories. */
public final class Fixtures {

    /** The servers that made them. */
    public static final List<String> VERSIONS = List.of("1.6.7", "1.8.10", "1.12.4");

    private Fixtures() {}

    /** The versions, for parameterized tests. */
    public static Stream<String> versions() {
        return VERSIONS.stream();
    }

    /** A recorded directory, to read only. */
    public static Path backup(String version, String name) {
        URL url = Fixtures.class.getResource("/fixtures/backups/" + version + "/" + name);
        if (url == null) {
            throw new IllegalArgumentException("no fixture " + version + "/" + name);
        }
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A copy of a recorded directory, to do with as one likes. */
    public static Path copy(String version, String name, Path into) {
        return copy(backup(version, name), into);
    }

    /** Copies the files of a directory into another one, which is made if it is missing. */
    public static Path copy(Path from, Path into) {
        try (Stream<Path> files = Files.list(from)) {
            Files.createDirectories(into);
            for (Path file : files.toList()) {
                Files.copy(file, into.resolve(file.getFileName()));
            }
            return into;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Names of all files in a directory, in order, hidden ones too. */
    public static List<String> names(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
