package dev.sluice.engine.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** A pending file in a directory. */
final class PendingPath implements PendingFile {

    private final Path directory;
    private final Path pending;
    private final Path target;
    private final FileChannel channel;
    private final boolean syncsDirectory;

    PendingPath(Path directory, Path pending, Path target, FileChannel channel, boolean syncsDirectory) {
        this.directory = directory;
        this.pending = pending;
        this.target = target;
        this.channel = channel;
        this.syncsDirectory = syncsDirectory;
    }

    @Override
    public void write(ByteBuffer[] buffers) throws IOException {
        int first = 0;
        while (first < buffers.length) {
            if (buffers[first].hasRemaining()) {
                channel.write(buffers, first, buffers.length - first);
            } else {
                first++;
            }
        }
    }

    @Override
    public Duration publish() throws IOException {
        long begun = System.nanoTime();
        channel.force(true);
        long forced = System.nanoTime();
        channel.close();
        moveIntoPlace();
        long moved = System.nanoTime();
        if (syncsDirectory) {
            try {
                syncDirectory(directory);
            } catch (IOException e) {
                // Whoever hears of an error must not find the file.
                Files.deleteIfExists(target);
                throw e;
            }
        }
        return Duration.ofNanos(forced - begun + System.nanoTime() - moved);
    }

    /** A link never replaces; a rename would. */
    private void moveIntoPlace() throws IOException {
        try {
            Files.createLink(target, pending);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (FileSystemException | UnsupportedOperationException e) {
            if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileAlreadyExistsException(target.toString());
            }
            Files.move(pending, target, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        Files.deleteIfExists(pending);
    }

    @Override
    public void withdraw() throws IOException {
        Files.deleteIfExists(target);
    }

    @Override
    public void discard() throws IOException {
        try {
            channel.close();
        } finally {
            Files.deleteIfExists(pending);
        }
    }

    static void syncDirectory(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
