package dev.sluice.cli.command;

import dev.sluice.cli.option.UsageError;
import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.store.Replacement;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;

/**
 * Windows of a repeated export that join without a gap: each begins where the last one ended, less an overlap for points
 * that came late. The file of state holds the end of the last window and, in its second line, what is exported; it is
 * written after the window's file is in its place.
 */
final class ExportState {

    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Path file;
    private final Duration overlap;
    private final String subject;

    /**
     * @param subject what is exported: source and selection. Windows of another one do not join
     */
    ExportState(Path file, Duration overlap, String subject) {
        this.file = file;
        this.overlap = overlap;
        this.subject = subject.replaceAll("\\p{Cntrl}", "?");
    }

    /**
     * A window.
     *
     * @param start of the first one ever: empty, from the first point on
     * @param end excluded, a whole second
     */
    record Window(Optional<Instant> start, Instant end) {

        /** Sorts by time; databases that are exported alone side by side do not meet. Without an ending. */
        String fileName(Optional<String> database) {
            return "export-%s-%s%s"
                    .formatted(
                            start.map(STAMP::format).orElse("00000000T000000Z"),
                            STAMP.format(end),
                            database.map(name -> "-" + URLEncoder.encode(name, StandardCharsets.UTF_8))
                                    .orElse(""));
        }
    }

    /** The next window, up to {@code now}. */
    Window next(Instant now) {
        Instant end = Instant.ofEpochSecond(now.getEpochSecond());
        Optional<Instant> last = last();
        if (last.isPresent() && !last.get().isBefore(end)) {
            throw new UsageError(
                    "%s says that all up to %s is exported".formatted(file, last.get()),
                    "Is the clock of this machine right?");
        }
        return new Window(last.map(time -> time.minus(overlap)), end);
    }

    /** Remembers that a window is exported. */
    void done(Window window) throws IOException {
        Replacement.write(file, window.end() + "\n" + subject + "\n");
    }

    private Optional<Instant> last() {
        try {
            List<String> lines = Files.readAllLines(file);
            Instant end = Instant.parse(lines.isEmpty() ? "" : lines.get(0).strip());
            if (lines.size() > 1 && !lines.get(1).equals(subject)) {
                throw new UsageError(
                        "%s belongs to another export: '%s', not '%s'".formatted(file, lines.get(1), subject),
                        "Give each export a --state of its own. If it is the same data by another name, change the"
                                + " second line of the file.");
            }
            return Optional.of(end);
        } catch (NoSuchFileException e) {
            Path directory = file.toAbsolutePath().getParent();
            if (directory != null && !Files.isWritable(directory)) {
                throw new UsageError(
                        "cannot make %s: its directory is missing or not yours to write".formatted(file),
                        "Make the directory, or name another file with --state.");
            }
            return Optional.empty();
        } catch (MalformedInputException | DateTimeException e) {
            throw new UsageError(
                    "%s is no file of state".formatted(file),
                    "It holds the end of the last window, as in 2026-01-31T00:00:00Z. Without it everything is"
                            + " exported again.");
        } catch (IOException e) {
            throw new StoreFailed(
                    "cannot read %s: %s"
                            .formatted(file, Files.isDirectory(file) ? "it is a directory" : FileTrouble.reason(e)),
                    "Check who owns the file and its directory, and the disk.",
                    e);
        }
    }
}
