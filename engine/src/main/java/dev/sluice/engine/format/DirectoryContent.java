package dev.sluice.engine.format;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.model.End;
import dev.sluice.engine.store.DirectoryStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Tells from what lies in a directory in which format it is; a file is a stream archive. */
public final class DirectoryContent {

    private static final Pattern PORTABLE = Pattern.compile(".+\\.manifest|.+\\.s\\d+\\.tar(\\.gz|\\.zst)?");
    private static final Pattern SHARD_DIRECTORY = Pattern.compile("\\d+");
    private static final String META_DB = "meta.db";
    private static final String HINT = "Say what it is: portable:DIR, legacy:DIR or data:DIR?meta=DIR.";

    private DirectoryContent() {}

    /**
     * What a path is as a source. A file is a stream archive, unless its name is that of a file in a backup. An unfinished portable run counts as portable. {@code data} directories are known
     * by {@code database/policy/number} below them or {@code meta.db} beside them; the directory above both will do too.
     *
     * <p>Signals {@link NotThere} if it does not exist, is empty, or holds nothing that is known, {@link InvalidRequest}
     * if it is one file of a backup, a pipe or a device, or holds more than one format.
     *
     * @param blocking where the look is taken
     */
    public static Mono<End> of(Path directory, Scheduler blocking) {
        return Mono.fromCallable(() -> {
                    if (Files.isRegularFile(directory)) {
                        return streamIn(directory);
                    }
                    Optional<End> found = look(directory);
                    if (found.isEmpty()) {
                        throw Unfinished.nothingIn(directory.toString(), pending(directory));
                    }
                    return found.get();
                })
                .subscribeOn(blocking);
    }

    private static int pending(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return (int) all.filter(path ->
                            DirectoryStore.isUnfinished(path.getFileName().toString()))
                    .count();
        }
    }

    /**
     * The same for a directory that is written to: one that does not exist or is empty becomes portable, one with a backup
     * goes on in its format. A server's directory must be named as such, as writing to it changes the server.
     */
    public static Mono<End> ofTarget(Path directory, Scheduler blocking) {
        return Mono.fromCallable(() ->
                        Files.exists(directory, LinkOption.NOFOLLOW_LINKS) ? look(directory) : Optional.<End>empty())
                .subscribeOn(blocking)
                .map(found -> {
                    if (found.isPresent() && found.get() instanceof End.Data) {
                        throw new InvalidRequest(
                                "%s is a server's data directory".formatted(directory),
                                "To restore into it while the server is stopped write data:%s".formatted(directory));
                    }
                    return found.orElseGet(() -> new End.Portable(directory));
                });
    }

    private static End streamIn(Path file) {
        String name = file.getFileName().toString();
        if (PORTABLE.matcher(name).matches() || isLegacy(name)) {
            throw new InvalidRequest(
                    "%s is one file of a backup".formatted(file),
                    "Name the directory that holds the backup. If it is a stream archive, write stream:%s"
                            .formatted(file));
        }
        return new End.StreamFile(file);
    }

    private static Optional<End> look(Path directory) {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw new NotThere(
                    "%s does not exist".formatted(directory), "Name the directory that holds the backup's files.");
        }
        if (!Files.isDirectory(directory)) {
            throw new InvalidRequest(
                    "%s is not a directory".formatted(directory),
                    "Name a directory. Pipes and new stream archives go by stdin and stdout, with - for the path.");
        }
        try {
            List<String> files = files(directory);
            List<End> found = new ArrayList<>();
            if (files.stream().anyMatch(name -> PORTABLE.matcher(name).matches())) {
                found.add(new End.Portable(directory));
            }
            if (files.stream().anyMatch(DirectoryContent::isLegacy)) {
                found.add(new End.Legacy(directory));
            }
            dataIn(directory).ifPresent(found::add);
            return only(directory, found);
        } catch (IOException e) {
            throw new StoreFailed(
                    "cannot read %s: %s".formatted(directory, FileTrouble.reason(e)),
                    "Check who owns the directory.",
                    e);
        }
    }

    private static Optional<End> only(Path directory, List<End> found) throws IOException {
        if (found.size() > 1) {
            throw new InvalidRequest(
                    "%s holds more than one format: %s".formatted(directory, String.join(" and ", described(found))),
                    HINT);
        }
        if (found.isEmpty()) {
            try (Stream<Path> all = Files.list(directory)) {
                Optional<Path> some =
                        all.filter(path -> !isHidden(path)).sorted().findFirst();
                if (some.isPresent()) {
                    throw new NotThere(
                            "%s holds no backup and no data of a server; it has '%s', for one"
                                    .formatted(directory, some.get().getFileName()),
                            HINT);
                }
            }
        }
        return found.stream().findFirst();
    }

    private static List<String> described(List<End> found) {
        return found.stream()
                .map(end -> end instanceof End.Portable
                        ? "a portable backup"
                        : end instanceof End.Legacy ? "a legacy backup" : "the data of a server")
                .toList();
    }

    private static List<String> files(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(path -> !isHidden(path) && Files.isRegularFile(path))
                    .map(path -> path.getFileName().toString())
                    .toList();
        }
    }

    private static boolean isHidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }

    private static boolean isLegacy(String name) {
        return LegacyName.metaNumber(name).isPresent() || LegacyName.parse(name).isPresent();
    }

    private static Optional<End> dataIn(Path directory) throws IOException {
        if (Files.isRegularFile(directory.resolve("meta").resolve(META_DB))
                && Files.isDirectory(directory.resolve("data"))) {
            return Optional.of(new End.Data(directory.resolve("data"), Optional.empty(), Optional.empty()));
        }
        boolean beside = Files.isRegularFile(
                directory.toAbsolutePath().resolveSibling("meta").resolve(META_DB));
        boolean isData =
                hasShards(directory) || beside && directory.toAbsolutePath().endsWith("data");
        return isData ? Optional.of(new End.Data(directory, Optional.empty(), Optional.empty())) : Optional.empty();
    }

    /** Looks for {@code database/policy/number}. */
    private static boolean hasShards(Path directory) throws IOException {
        for (Path database : directories(directory)) {
            for (Path policy : directories(database)) {
                for (Path shard : directories(policy)) {
                    boolean series = policy.getFileName().toString().equals("_series");
                    if (!series
                            && SHARD_DIRECTORY
                                    .matcher(shard.getFileName().toString())
                                    .matches()) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static List<Path> directories(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(Files::isDirectory).toList();
        }
    }
}
