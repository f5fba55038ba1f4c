package dev.sluice.engine.format;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is about to be sent, with what its header in the archive needs to know. Whoever holds it closes it.
 *
 * @param entry path in the archive
 * @param mode POSIX permission bits
 */
public record OpenFile(FileChannel channel, String entry, long size, Instant modified, int mode) {

    private static final Logger log = LoggerFactory.getLogger(OpenFile.class);
    private static final int USUAL_MODE = 0644;

    /** With the file's own time and permissions; blocks. */
    static OpenFile open(Path path, String entry) throws IOException {
        return open(path, entry, Files.getLastModifiedTime(path).toInstant(), mode(path));
    }

    /** With what its header shall say; blocks. */
    public static OpenFile open(Path path, String entry, Instant modified, int mode) throws IOException {
        FileChannel channel = FileChannel.open(path);
        try {
            return new OpenFile(channel, entry, channel.size(), modified, mode);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Closes the channel. */
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("{} was not closed", entry, e);
        }
    }

    private static int mode(Path path) throws IOException {
        var view = Files.getFileAttributeView(path, PosixFileAttributeView.class);
        return view == null ? USUAL_MODE : bits(view.readAttributes().permissions());
    }

    private static int bits(Set<PosixFilePermission> permissions) {
        int bits = 0;
        for (PosixFilePermission permission : permissions) {
            bits |= switch (permission) {
                case OWNER_READ -> 0400;
                case OWNER_WRITE -> 0200;
                case OWNER_EXECUTE -> 0100;
                case GROUP_READ -> 0040;
                case GROUP_WRITE -> 0020;
                case GROUP_EXECUTE -> 0010;
                case OTHERS_READ -> 0004;
                case OTHERS_WRITE -> 0002;
                case OTHERS_EXECUTE -> 0001;
            };
        }
        return bits;
    }
}
