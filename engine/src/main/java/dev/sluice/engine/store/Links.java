package dev.sluice.engine.store;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Names that lead elsewhere: what a link stands for is meant, never the link. */
public final class Links {

    private static final Path UP = Path.of("..");

    /** As many as Linux follows. */
    private static final int MOST = 40;

    private Links() {}

    /**
     * The path from the root, without dots that change nothing. Two dots stay: behind a link they do not lead back to
     * where the link stands.
     */
    public static Path absolute(Path path) {
        Path absolute = path.toAbsolutePath();
        for (Path name : absolute) {
            if (name.equals(UP)) {
                return absolute;
            }
        }
        return absolute.normalize();
    }

    /**
     * Where the links end, whether or not anything is there. A rename onto a link would put an end to it, and the bytes
     * on the disk where it stands. Blocks.
     */
    public static Path followed(Path path) throws IOException {
        Path at = absolute(path);
        for (int links = 0; Files.isSymbolicLink(at); links++) {
            if (links == MOST) {
                throw new FileSystemLoopException(path.toString());
            }
            at = absolute(at.resolveSibling(Files.readSymbolicLink(at)));
        }
        return at;
    }
}
