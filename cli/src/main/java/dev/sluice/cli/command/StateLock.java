package dev.sluice.cli.command;

import dev.sluice.engine.error.StoreFailed;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a second export with a file of state away: both would take the same window, and the one that ends last would say
 * how far they came. It is the system's lock on a file beside the state, and goes with its process; the file stays.
 */
final class StateLock {

    private StateLock() {}

    /**
     * Exports alone. Where no lock is to be had, on some network file systems, or no file can be made beside the state,
     * nobody is kept away.
     *
     * @throws StoreFailed if another export works with this state
     */
    static int holding(Path state, IntSupplier export) {
        Path file = state.resolveSibling(state.getFileName() + ".lock");
        @Nullable FileChannel channel = open(file);
        try {
            if (channel != null && taken(channel)) {
                throw new StoreFailed(
                        "another export works with %s".formatted(state),
                        "Nothing was exported. The next run goes on where that one ends.",
                        new FileAlreadyExistsException(file.toString()));
            }
            return export.getAsInt();
        } finally {
            close(channel);
        }
    }

    private static @Nullable FileChannel open(Path file) {
        try {
            return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            return null; // then the state cannot be written either, which is told with it
        }
    }

    private static boolean taken(FileChannel channel) {
        try {
            return channel.tryLock() == null;
        } catch (OverlappingFileLockException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void close(@Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // nothing was written to it
        }
    }
}
