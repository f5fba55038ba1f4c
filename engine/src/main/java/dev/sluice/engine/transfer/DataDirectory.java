package dev.sluice.engine.transfer;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Finds the files of a stopped server: {@code <data>/<database>/<policy>/<shard>/*.tsm} and the same with
 * {@code _*.wal}. What lies elsewhere, in left-over {@code n.tmp} directories of a backup too, is no shard's and is not
 * taken. Blocking.
 */
final class DataDirectory {

    private static final Comparator<Place> ORDER =
            Comparator.comparing(Place::database).thenComparing(Place::policy);

    private DataDirectory() {}

    /** The retention policies that have files, by name. */
    static List<ShardFiles> scan(Path data, Path wal, Optional<String> database, Optional<String> policy) {
        Map<Place, List<Path>> tsm = found(data, "the data directory", database, policy, ".tsm", "");
        Map<Place, List<Path>> log = found(wal, "the WAL directory", database, policy, ".wal", "_");
        var places = new TreeMap<Place, Boolean>(ORDER);
        tsm.keySet().forEach(place -> places.put(place, true));
        log.keySet().forEach(place -> places.put(place, true));
        return places.keySet().stream()
                .map(place ->
                        new ShardFiles(place, tsm.getOrDefault(place, List.of()), log.getOrDefault(place, List.of())))
                .toList();
    }

    private static Map<Place, List<Path>> found(
            Path root, String what, Optional<String> database, Optional<String> policy, String end, String start) {
        if (!Files.isDirectory(root)) {
            throw new NotThere(
                    "%s %s does not exist".formatted(what, root),
                    "-datadir and -waldir name the directories of the server's configuration, [data] dir and wal-dir.");
        }
        Map<Place, List<Path>> found = new TreeMap<>(ORDER);
        try (Stream<Path> paths = Files.walk(root, 4)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                String name = String.valueOf(path.getFileName());
                if (!name.endsWith(end) || !name.startsWith(start) || !Files.isRegularFile(path)) {
                    continue;
                }
                Path inside = root.relativize(path);
                if (inside.getNameCount() == 1) {
                    throw new InvalidRequest(
                            "%s lies directly in %s".formatted(name, root),
                            "Name the directory above those of the databases.");
                }
                if (inside.getNameCount() != 4) {
                    continue;
                }
                var place = new Place(
                        inside.getName(0).toString(), inside.getName(1).toString());
                if (database.map(place.database()::equals).orElse(true)
                        && policy.map(place.policy()::equals).orElse(true)) {
                    found.computeIfAbsent(place, p -> new ArrayList<>()).add(path);
                }
            }
        } catch (IOException e) {
            throw Input.failed(root.toString(), e);
        }
        found.values().forEach(list -> list.sort(Comparator.comparing(Path::toString)));
        return found;
    }
}
