package dev.sluice.cli.command;

import dev.sluice.cli.option.UsageError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/**
 * Windows of a repeated export that join without a gap: each begins where the last one ended, less an overlap for points
 * that came late. The file of state holds the end of the last window, and is written after its file is in its place.
 */
final class ExportState {

    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Path file;
    private final Duration overlap;

    ExportState(Path file, Duration overlap) {
        this.file = file;
        this.overlap = overlap;
    }

    /**
     * A window.
     *
     * @param start of the first one ever: empty, from the first point on
     * @param end excluded, a whole second
     */
    record Window(Optional<Instant> start, Instant end) {

        /** Sorts by time. */
        String fileName(String ending) {
            return "export-%s-%s%s"
                    .formatted(start.map(STAMP::format).orElse("00000000T000000Z"), STAMP.format(end), ending);
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
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(beside, window.end() + "\n");
        Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private Optional<Instant> last() {
        try {
            return Optional.of(Instant.parse(Files.readString(file).strip()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | DateTimeException e) {
            throw new UsageError(
                    "%s is no file of state".formatted(file),
                    "It holds the end of the last window, as in 2026-01-31T00:00:00Z.");
        }
    }
}
