package dev.sluice.engine.format;

import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.store.StoreContent;
import dev.sluice.engine.store.StoreEntry;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What lies in a directory of backups and belongs to no restore point. A run that was killed leaves its pending files and,
 * in the portable format, the archives that were finished, as one that failed does too: gigabytes that nothing else would
 * ever name. A run that is under way looks the same.
 *
 * @param files of those runs
 * @param certain that no manifest names them; otherwise their own names tell so
 * @param others names of all other files
 */
public record Unfinished(List<StoreEntry> files, boolean certain, NavigableSet<String> others) {

    private static final int MOST_RUNS = 3;
    private static final String MANIFEST = ".manifest";

    /**
     * Sluice's pending files begin with a dot, and end in a number and {@code .pending}; influxd's have the ending alone.
     * What is called otherwise is somebody's own.
     */
    private static final Pattern OF_A_RUN =
            Pattern.compile("\\.?(\\d{8}T\\d{6}Z)\\.(?:meta|manifest|s\\d+\\.tar(?:\\.gz|\\.zst)?)"
                    + "(?:(?:\\.[0-9a-f]{8})?\\.pending)?");

    /** In the legacy format every finished file counts. */
    public static Unfinished legacy(List<StoreEntry> pending) {
        return new Unfinished(pending, true, new TreeSet<>());
    }

    /**
     * Of portable runs, by the names of their files: those of one run begin alike, and the manifest comes last.
     *
     * @param there all that lies there
     */
    public static Unfinished portable(StoreContent there) {
        Set<String> finished = there.files().stream()
                .flatMap(file -> PortableStamp.ofManifest(file.name()).stream())
                .map(PortableStamp::toString)
                .collect(Collectors.toSet());
        return of(there, name -> run(name).stream().anyMatch(finished::contains), false);
    }

    /**
     * The same where all manifests were read.
     *
     * @param named whether one of them names the file
     */
    public static Unfinished portable(StoreContent there, Predicate<String> named) {
        return of(there, named, true);
    }

    private static Unfinished of(StoreContent there, Predicate<String> belongs, boolean certain) {
        Predicate<StoreEntry> left =
                file -> !file.name().endsWith(MANIFEST) && run(file.name()).isPresent() && !belongs.test(file.name());
        return new Unfinished(
                Stream.concat(there.files().stream().filter(left), there.unfinished().stream())
                        .toList(),
                certain,
                there.files().stream()
                        .filter(left.negate())
                        .map(StoreEntry::name)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    private static Optional<String> run(String name) {
        Matcher matcher = OF_A_RUN.matcher(name);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    /**
     * What a person should know; empty if there is nothing.
     *
     * @param directory where they are
     */
    public Optional<Notice> notice(String directory) {
        if (files.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Notice.warning(
                "%s holds %d %s of %d bytes that %s to no restore point, of runs that were killed or failed or are under way: %s"
                        .formatted(
                                directory,
                                files.size(),
                                files.size() == 1 ? "file" : "files",
                                files.stream().mapToLong(StoreEntry::size).sum(),
                                files.size() == 1 ? "belongs" : "belong",
                                runs()),
                certain
                        ? "No restore looks at them. Delete them, unless a backup is under way there."
                        : "'sluice list %s' makes sure of it.".formatted(directory)));
    }

    /**
     * Says that there is nothing to read.
     *
     * @param pending how many pending files are there
     */
    public static NotThere nothingIn(String directory, int pending) {
        return pending == 0
                ? new NotThere("%s is empty".formatted(directory), "Name the directory that holds the backup's files.")
                : new NotThere(
                        "%s holds no backup, only %d pending %s of a run that was killed or is under way"
                                .formatted(directory, pending, pending == 1 ? "file" : "files"),
                        "Their names begin with a dot. Wait for the run if it is under way, or make a new backup.");
    }

    /**
     * As patterns for a shell, which somebody may delete by. So a file stands for itself where the pattern takes others
     * as well, of a restore point above all, or where it tells no run.
     */
    private String runs() {
        Set<String> runs = files.stream()
                .map(file -> run(file.name())
                        .map(run -> (file.name().startsWith(".") ? "." : "") + run + ".")
                        .filter(begin -> !takesOthers(begin))
                        .map(begin -> begin + "*")
                        .orElse(file.name()))
                .collect(Collectors.toCollection(TreeSet::new));
        String some = runs.stream().limit(MOST_RUNS).collect(Collectors.joining(", "));
        return runs.size() > MOST_RUNS ? "%s and %d more".formatted(some, runs.size() - MOST_RUNS) : some;
    }

    private boolean takesOthers(String begin) {
        String first = others.ceiling(begin);
        return first != null && first.startsWith(begin);
    }
}
