package dev.sluice.engine.target;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Changes to directories that outlive a power cut. Everything blocks. */
final class Durable {

    private Durable() {}

    /** What is looked at in the last moment, and may still refuse. */
    @FunctionalInterface
    interface Check {
        void pass() throws IOException;
    }

    /** Flushes the names in a directory, where the system can do that. */
    static void directory(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            if (Files.isDirectory(directory)) {
                return; // Windows cannot open directories, and some network file systems cannot flush them
            }
            throw e;
        }
    }

    /**
     * Writes a file beside its place and puts it there in one step, over what was there. It keeps the permissions of the
     * old one; a new one is for its owner only.
     *
     * @param owner gets it before it is in its place: a server that cannot read the file does not start
     * @param last comes when all else is done; if it fails, the old file stays
     */
    static void replace(Path file, byte[] content, Ownership owner, Check last) throws IOException {
        Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file lies in a directory");
        Path beside = Files.createTempFile(directory, file.getFileName() + ".", ".restoring"); // for its owner only
        try {
            try (var channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
                keepPermissions(file, beside);
                owner.give(beside);
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            last.pass();
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
        directory(directory);
    }

    private static void keepPermissions(Path from, Path to) throws IOException {
        var old = Files.getFileAttributeView(from, PosixFileAttributeView.class);
        if (old != null && Files.exists(from)) {
            Files.setPosixFilePermissions(to, old.readAttributes().permissions());
        }
    }

    /** Removes a directory with all that is in it, if it is there; links are not followed. */
    static void delete(Path directory) throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path left, @Nullable IOException e) throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.delete(left);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
