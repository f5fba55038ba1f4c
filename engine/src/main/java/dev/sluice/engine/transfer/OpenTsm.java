package dev.sluice.engine.transfer;

import dev.sluice.engine.tsm.Deletions;
import dev.sluice.engine.tsm.Tombstone;
import dev.sluice.engine.tsm.TsmFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A TSM file that is being exported, with the deletions of its tombstone. Its index is gone through by one thread;
 * blocks are read by any number, each through a {@link #reader} of its own.
 */
final class OpenTsm implements Closeable {

    private final Path path;
    private final FileChannel channel;
    private final Deletions deletions;

    private OpenTsm(Path path, FileChannel channel, Deletions deletions) {
        this.path = path;
        this.channel = channel;
        this.deletions = deletions;
    }

    /** @throws dev.sluice.engine.error.TsmDamaged if it is no TSM file, or its tombstone cannot be read */
    static OpenTsm open(Path path) throws IOException {
        String name = path.getFileName().toString();
        Path tombstone = path.resolveSibling(name.substring(0, name.length() - ".tsm".length()) + ".tombstone");
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        try {
            TsmFile.open(new FileView(channel));
            Deletions deletions =
                    Files.exists(tombstone) ? Tombstone.read(() -> Files.newInputStream(tombstone)) : Deletions.NONE;
            return new OpenTsm(path, channel, deletions);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    Path path() {
        return path;
    }

    Deletions deletions() {
        return deletions;
    }

    TsmFile reader() throws IOException {
        return TsmFile.open(new FileView(channel));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
