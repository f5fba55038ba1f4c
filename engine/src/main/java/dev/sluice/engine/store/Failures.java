package dev.sluice.engine.store;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.StoreFailed;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.util.Locale;

/** What an I/O error means, and what to do about it. */
public final class Failures {

    private static final String TOO_MANY_OPEN =
            "Raise the limit that 'ulimit -n' shows, or ask for less at a time with a smaller --concurrency.";
    private static final String NOTHING_TOUCHED = " Nothing that was there before has been changed.";

    private Failures() {}

    /**
     * @param place for people
     * @param written bytes until then
     */
    public static StoreFailed writing(String place, long written, IOException e) {
        if (e instanceof FileAlreadyExistsException) {
            return new StoreFailed(
                    "%s is there already".formatted(place),
                    "Another run may be writing to the same place; existing files are never replaced.",
                    e);
        }
        return new StoreFailed(
                "cannot write %s: %s, after %d bytes".formatted(place, FileTrouble.reason(e), written), hint(e), e);
    }

    static StoreFailed reading(String place, IOException e) {
        return new StoreFailed(
                "cannot read %s: %s".formatted(place, FileTrouble.reason(e)),
                e instanceof AccessDeniedException
                        ? "Check who owns the file and its directory."
                        : tooManyOpen(e) ? TOO_MANY_OPEN : "Check the disk and the file system.",
                e);
    }

    static StoreFailed using(String directory, IOException e) {
        return new StoreFailed("cannot write to %s: %s".formatted(directory, FileTrouble.reason(e)), hint(e), e);
    }

    private static String hint(IOException e) {
        String reason = FileTrouble.reason(e).toLowerCase(Locale.ROOT);
        if (e instanceof AccessDeniedException || reason.contains("permitted")) {
            return "Check who owns the directory, or choose another one." + NOTHING_TOUCHED;
        }
        if (reason.contains("space") || reason.contains("quota") || reason.contains("full")) {
            return "The disk is full: make room, or choose another directory. What was unfinished was removed."
                    + NOTHING_TOUCHED;
        }
        if (tooManyOpen(e)) {
            return TOO_MANY_OPEN + NOTHING_TOUCHED;
        }
        if (reason.contains("read-only")) {
            return "The file system is mounted read-only; choose another directory." + NOTHING_TOUCHED;
        }
        return "Check the disk and the file system, or choose another directory." + NOTHING_TOUCHED;
    }

    private static boolean tooManyOpen(IOException e) {
        return FileTrouble.reason(e).equals("Too many open files");
    }
}
