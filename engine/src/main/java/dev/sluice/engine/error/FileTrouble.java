package dev.sluice.engine.error;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/** What the errors of files mean, for people: of several kinds Java's own message is nothing but the name of the file. */
public final class FileTrouble {

    private FileTrouble() {}

    /** The reason alone, for a message that has the file already. */
    public static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        if (e instanceof NotDirectoryException) {
            return "not a directory";
        }
        if (e instanceof FileSystemLoopException) {
            return "links that lead to each other";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "a file is in the way";
        }
        String text = e instanceof FileSystemException fs ? fs.getReason() : e.getMessage();
        return Objects.requireNonNullElse(text, e.getClass().getSimpleName());
    }

    /** The file, where it is known, and the reason. */
    public static String inWords(IOException e) {
        return e instanceof FileSystemException fs && fs.getFile() != null
                ? fs.getFile() + ": " + reason(e)
                : reason(e);
    }
}
